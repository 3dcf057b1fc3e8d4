import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

export interface BareServer {
  readonly port: number
  answerWith(body: string): Promise<void>
  stop(): Promise<void>
}

export async function startBareServer(): Promise<BareServer> {
  const child = fork(join(import.meta.dirname, 'bare-process.ts'), [], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const [hello] = (await once(child, 'message')) as [{ port: number }]
  return {
    port: hello.port,
    answerWith: async body => {
      child.send(body)
      await once(child, 'message')
    },
    stop: async () => {
      child.disconnect()
      await once(child, 'exit')
    }
  }
}
