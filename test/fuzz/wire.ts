/** HTTP/1.1 by hand: sends any bytes, also such as no library lets through, and reads strictly what comes back. */
import { connect, type Socket } from 'node:net'
import type { Answer } from '../acceptance/contract.ts'

export interface Target {
  readonly host: string
  readonly port: number
}

export interface Outgoing {
  readonly method: string
  /** As it stands in the request line. */
  readonly path: string
  /** As they are sent; several may have one name. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Buffer | null
  readonly framing: 'length' | 'chunked'
}

const ANSWER_MAX_MS = 20_000
const HEAD_END = Buffer.from('\r\n\r\n')
const CHUNK = 1_000

export function toBytes({ method, path, headers, body, framing }: Outgoing): Buffer {
  const length = body === null ? [] : framing === 'length' ? [['content-length', String(body.length)]] : [['transfer-encoding', 'chunked']]
  const lines = [...headers, ...length].map(([name, value]) => `${name}: ${value}\r\n`).join('')
  const head = Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines}\r\n`, 'latin1')
  return body === null ? head : Buffer.concat([head, framing === 'length' ? body : chunked(body)])
}

function chunked(body: Buffer): Buffer {
  const parts: Buffer[] = []
  for (let at = 0; at < body.length; at += CHUNK) {
    const part = body.subarray(at, at + CHUNK)
    parts.push(Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n'))
  }
  return Buffer.concat([...parts, Buffer.from('0\r\n\r\n')])
}

export class UnreadableAnswer extends Error {}

/** One whole answer at the beginning of the bytes, and how long it is; null: it is not all there yet. Throws UnreadableAnswer. */
function readAnswer(bytes: Buffer, isHead: boolean): { readonly answer: Answer; readonly length: number } | null {
  const end = bytes.indexOf(HEAD_END)
  if (end === -1) return null
  const [line = '', ...fields] = bytes.subarray(0, end).toString('latin1').split('\r\n')
  const from = end + HEAD_END.length
  if (line.startsWith('HTTP/1.1 100 ')) return readBehind(bytes, from, isHead)
  const status = Number(/^HTTP\/1\.1 ([2-5][0-9]{2}) /.exec(line)?.[1])
  if (Number.isNaN(status)) throw new UnreadableAnswer(`the status line ${line.slice(0, 100)}`)
  const headers: Record<string, string> = {}
  for (const field of fields) {
    const colon = field.indexOf(':')
    if (colon < 1) throw new UnreadableAnswer(`the header ${field.slice(0, 100)}`)
    headers[field.slice(0, colon).toLowerCase()] = field.slice(colon + 1).trim()
  }
  if (isHead || status === 204 || status === 304) return { answer: { status, headers, text: '' }, length: from }
  if (headers['transfer-encoding'] === 'chunked') return readChunks({ bytes, from, status, headers })
  const length = Number(headers['content-length'])
  if (Number.isNaN(length)) throw new UnreadableAnswer('neither a length nor chunks')
  if (bytes.length < from + length) return null
  return { answer: { status, headers, text: bytes.subarray(from, from + length).toString() }, length: from + length }
}

function readBehind(bytes: Buffer, from: number, isHead: boolean): ReturnType<typeof readAnswer> {
  const next = readAnswer(bytes.subarray(from), isHead)
  return next === null ? null : { ...next, length: from + next.length }
}

interface Chunked {
  readonly bytes: Buffer
  readonly from: number
  readonly status: number
  readonly headers: Record<string, string>
}

function readChunks({ bytes, from, status, headers }: Chunked): ReturnType<typeof readAnswer> {
  const parts: Buffer[] = []
  for (let at = from; ; ) {
    const end = bytes.indexOf('\r\n', at)
    if (end === -1) return null
    const size = Number.parseInt(bytes.subarray(at, end).toString('latin1'), 16)
    if (Number.isNaN(size)) throw new UnreadableAnswer('a chunk without a size')
    if (bytes.length < end + 2 + size + 2) return null
    if (size === 0) return { answer: { status, headers, text: Buffer.concat(parts).toString() }, length: end + 4 }
    parts.push(bytes.subarray(end + 2, end + 2 + size))
    at = end + 2 + size + 2
  }
}

/** Connections that are kept while they are good. */
export class Wire {
  readonly #target: Target
  readonly #idle: Socket[] = []

  constructor(target: Target) {
    this.#target = target
  }

  /** Null: the connection ended without an answer. Throws UnreadableAnswer. */
  async send(outgoing: Outgoing): Promise<Answer | null> {
    const bytes = toBytes(outgoing)
    for (;;) {
      const kept = this.#idle.pop()
      const answer = await this.#exchange(kept ?? this.#open(), bytes, outgoing.method === 'HEAD')
      // A connection that was kept may have ended at its other side just then.
      if (answer !== null || kept === undefined) return answer
    }
  }

  /** Whatever comes back until the other side has no more to say, or for `forMs`. Throws UnreadableAnswer. */
  async shout(bytes: Buffer, forMs: number): Promise<Answer[]> {
    const received = await new Promise<Buffer>(resolve => {
      const socket = this.#open()
      const parts: Buffer[] = []
      const timer = setTimeout(() => socket.destroy(), forMs)
      socket.on('data', part => parts.push(part))
      socket.on('error', () => undefined)
      socket.on('close', () => {
        clearTimeout(timer)
        resolve(Buffer.concat(parts))
      })
      socket.write(bytes)
    })
    const isHead = bytes.subarray(0, 5).toString() === 'HEAD '
    const answers: Answer[] = []
    for (let rest = received; rest.length > 0; ) {
      const next = readAnswer(rest, isHead)
      if (next === null) break
      answers.push(next.answer)
      // What follows may be the answer to another method, which has a body.
      if (isHead) break
      rest = rest.subarray(next.length)
    }
    return answers
  }

  close(): void {
    for (const socket of this.#idle.splice(0)) socket.destroy()
  }

  #open(): Socket {
    return connect({ ...this.#target, noDelay: true })
  }

  #exchange(socket: Socket, bytes: Buffer, isHead: boolean): Promise<Answer | null> {
    return new Promise((resolve, reject) => {
      let received: Buffer = Buffer.alloc(0)
      const finish = (keep: boolean): void => {
        clearTimeout(timer)
        socket.removeAllListeners()
        socket.on('error', () => undefined)
        if (keep) this.#idle.push(socket)
        else socket.destroy()
      }
      const timer = setTimeout(() => {
        finish(false)
        reject(new UnreadableAnswer(`nothing for ${ANSWER_MAX_MS} ms`))
      }, ANSWER_MAX_MS)
      socket.on('data', part => {
        received = received.length === 0 ? part : Buffer.concat([received, part])
        try {
          const whole = readAnswer(received, isHead)
          if (whole === null) return
          finish(whole.answer.headers['connection'] !== 'close' && whole.length === received.length)
          resolve(whole.answer)
        } catch (error) {
          finish(false)
          reject(error)
        }
      })
      socket.on('error', () => undefined)
      socket.on('close', () => {
        finish(false)
        resolve(null)
      })
      socket.write(bytes)
    })
  }
}
