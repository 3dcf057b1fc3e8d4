/**
 * Cuts a body into blocks of whole lines, without looking into them. Memory is bounded whatever arrives: a line that is too long
 * is passed on cut (one byte over the limit, so that it is recognised), and a body that is too large ends the import.
 */
import type { Readable } from 'node:stream'
import { bodyIncomplete, bodyStalled, bodyTooLarge } from '../errors.ts'

/** No key that people sell is longer; a picture belongs behind a link. */
export const LINE_MAX_BYTES = 8_192
/** The rows of one transaction: some tenths of a second, after which a stop or a failure loses nothing. */
const BLOCK_MAX_LINES = 5_000
const BLOCK_MAX_BYTES = 256 * 1_024
/** A client that sends nothing for this long is gone. */
const BODY_IDLE_MS = 30_000
const NEWLINE = 10

export interface BodyLimits {
  readonly maxBytes: number
  readonly maxLines: number
}

/**
 * Each block is lines with their ends, the last line of the body perhaps without.
 * Throws: payload_too_large, request_timeout, and the reason of `signal`.
 */
export async function* lineBlocks(body: Readable, limits: BodyLimits, signal: AbortSignal): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const block = createBlock()
  let bytes = 0
  let lines = 0
  for await (const chunk of watched(body, signal)) {
    bytes += chunk.length
    if (bytes > limits.maxBytes) throw bodyTooLarge(`${Math.floor(limits.maxBytes / 1_048_576)} MB`)
    for (let at = 0; at < chunk.length; ) {
      const newline = chunk.indexOf(NEWLINE, at)
      const end = newline === -1 ? chunk.length : newline + 1
      block.append(chunk, at, end)
      at = end
      if (newline === -1) break
      lines++
      if (lines > limits.maxLines) throw bodyTooLarge(`${limits.maxLines} lines`)
      if (block.isFull()) yield block.take()
    }
  }
  if (!block.isEmpty()) yield block.take()
}

function createBlock() {
  let buffer = Buffer.allocUnsafeSlow(BLOCK_MAX_BYTES)
  let length = 0
  let lines = 0
  let lineBytes = 0
  return {
    /** Appends a part of a line; `to` lies behind its newline if it has one. */
    append(chunk: Buffer, from: number, to: number): void {
      const ends = chunk[to - 1] === NEWLINE
      const text = ends ? to - 1 : to
      const room = LINE_MAX_BYTES + 1 - lineBytes
      const kept = Math.max(0, Math.min(text - from, room))
      length += chunk.copy(buffer, length, from, from + kept)
      lineBytes += kept
      if (!ends) return
      buffer[length++] = NEWLINE
      lineBytes = 0
      lines++
    },
    isFull: (): boolean => lines >= BLOCK_MAX_LINES || length > BLOCK_MAX_BYTES - LINE_MAX_BYTES - 2,
    isEmpty: (): boolean => length === 0,
    take(): Uint8Array<ArrayBuffer> {
      const taken = new Uint8Array(buffer.buffer, 0, length)
      buffer = Buffer.allocUnsafeSlow(BLOCK_MAX_BYTES)
      length = 0
      lines = 0
      lineBytes = 0
      return taken
    }
  }
}

/** The body's chunks. Nothing stays attached to a body that is left before its end, so that the rest can be drained. */
async function* watched(body: Readable, signal: AbortSignal): AsyncGenerator<Buffer> {
  // An error is found where the next chunk is waited for.
  body.on('error', () => undefined)
  for (;;) {
    signal.throwIfAborted()
    const chunk: unknown = body.read()
    if (chunk !== null) yield toBuffer(chunk)
    else if (body.readableEnded) return
    else if (body.destroyed) throw bodyIncomplete()
    else await moreOf(body, signal)
  }
}

function toBuffer(chunk: unknown): Buffer {
  if (Buffer.isBuffer(chunk)) return chunk
  if (typeof chunk === 'string') return Buffer.from(chunk)
  throw new Error('a body must be bytes or text')
}

const ARRIVALS = ['readable', 'end', 'close', 'error'] as const

function moreOf(body: Readable, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onArrival)
      for (const event of ARRIVALS) body.off(event, onArrival)
      act()
    }
    const onArrival = (): void => settle(resolve)
    const timer = setTimeout(() => settle(() => reject(bodyStalled())), BODY_IDLE_MS)
    signal.addEventListener('abort', onArrival)
    for (const event of ARRIVALS) body.on(event, onArrival)
  })
}

/** A client that is refused while it sends reads the answer only if the connection stays open; but no longer than this. */
const DRAIN_MAX_MS = 2_000
const DRAIN_IDLE_MS = 250

/** Reads and drops what a client sends after its fate is decided, until it pauses. */
export function drain(body: Readable): Promise<void> {
  return new Promise(resolve => {
    if (body.readableEnded || body.destroyed) return resolve()
    const finish = (): void => {
      clearTimeout(deadline)
      clearTimeout(idle)
      resolve()
    }
    const deadline = setTimeout(finish, DRAIN_MAX_MS)
    const idle = setTimeout(finish, DRAIN_IDLE_MS)
    body.on('data', () => idle.refresh())
    for (const event of ['end', 'close', 'error'] as const) body.on(event, finish)
    body.resume()
  })
}
