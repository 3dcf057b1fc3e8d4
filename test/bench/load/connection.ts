/** One keep-alive HTTP/1.1 connection that asks one thing at a time, with as little work as a correct reader can do. */
import { connect, type Socket } from 'node:net'

export interface Answer {
  readonly status: number
  readonly body: string
}

export interface Connection {
  readonly open: boolean
  /** Called once, with the complete answer or the reason why there is none. */
  ask(request: string, done: (answer: Answer | string) => void): void
  close(): void
}

const HEADERS_END = '\r\n\r\n'
const LENGTH = 'content-length: '
const STATUS_AT = 9

export function openConnection(host: string, port: number): Promise<Connection> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true })
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.off('error', reject)
      resolve(speak(socket))
    })
  })
}

function speak(socket: Socket): Connection {
  let waiting: ((answer: Answer | string) => void) | null = null
  let received: Buffer | null = null
  let open = true

  const finish = (answer: Answer | string): void => {
    const done = waiting
    waiting = null
    received = null
    done?.(answer)
  }
  const end = (reason: string): void => {
    open = false
    socket.destroy()
    finish(reason)
  }
  socket.on('data', chunk => {
    received = received === null ? chunk : Buffer.concat([received, chunk])
    const answer = parse(received)
    if (answer !== null) finish(answer)
  })
  socket.on('error', error => end((error as NodeJS.ErrnoException).code ?? error.message))
  socket.on('close', () => end('closed'))

  return {
    get open() {
      return open
    },
    ask: (request, done) => {
      waiting = done
      if (open) socket.write(request, 'latin1')
      else finish('closed')
    },
    close: () => {
      waiting = null
      socket.destroy()
    }
  }
}

/** Null while the answer is incomplete. An answer without a length is read as broken: kahub gives one on everything that the bench asks. */
function parse(received: Buffer): Answer | string | null {
  const headersEnd = received.indexOf(HEADERS_END)
  if (headersEnd === -1) return null
  const head = received.toString('latin1', 0, headersEnd + 2)
  const at = head.indexOf(LENGTH)
  if (at === -1) return 'no content-length'
  const length = Number(head.slice(at + LENGTH.length, head.indexOf('\r\n', at)))
  const bodyAt = headersEnd + HEADERS_END.length
  if (received.length < bodyAt + length) return null
  if (received.length > bodyAt + length) return 'more than one answer'
  return { status: Number(head.slice(STATUS_AT, STATUS_AT + 3)), body: received.toString('utf8', bodyAt, bodyAt + length) }
}
