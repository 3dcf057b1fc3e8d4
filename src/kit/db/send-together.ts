/** Statements that are started in one go leave in one packet: each packet costs a system call here and one there, which is more than they say. */
import type { Duplex } from 'node:stream'
import type { PoolClient } from 'pg'

/** What the driver does not type. */
interface Wired {
  readonly connection: { readonly stream: Duplex }
}

/** Call it right before a statement is started. What follows until the event loop goes on is sent with it. */
export function togetherOn(client: PoolClient): () => void {
  const { stream } = (client as PoolClient & Wired).connection
  let gathering = false
  const send = (): void => {
    gathering = false
    stream.uncork()
  }
  return () => {
    if (gathering) return
    gathering = true
    stream.cork()
    process.nextTick(send)
  }
}
