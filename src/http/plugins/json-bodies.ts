/** JSON bodies: UTF-8, of a bounded size, sent within a bounded time, and with one meaning only. */
import { isUtf8 } from 'node:buffer'
import type { Readable } from 'node:stream'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { DomainError } from '../../kit/errors.ts'
import { badBody } from './errors.ts'

/** The largest order batch is well below; a larger body would be held in memory for nothing. */
const BODY_LIMIT_BYTES = 1_048_576
/** A client that drips its body holds a connection for no longer than this. */
const BODY_MAX_MS = 10_000

const BYTE_ORDER_MARK = '\uFEFF'

type Done = (error: Error | null, text?: string) => void

export const jsonBodiesPlugin = fp(
  async app => {
    const parse = app.getDefaultJsonParser('error', 'error')
    app.addContentTypeParser('application/json', (request, payload, done) => {
      textBody(request, payload, (error, text = '') => {
        if (error !== null) return done(error)
        // Many clients always say that they send JSON, also with a POST without a body.
        if (text === '') return done(null, undefined)
        // The parser would take it away without a word (RFC 8259, 8.1: none may be sent).
        if (text.startsWith(BYTE_ORDER_MARK)) return done(badBody('The body begins with a byte order mark.'))
        parse(request, text, (parseError, value) => {
          const repeated = parseError === null && countNames(text) !== countFields(value)
          done(repeated ? badBody('A name stands twice in one object.') : parseError, value)
        })
      })
    })
  },
  { name: 'json-bodies', dependencies: ['errors'] }
)

/** A content type parser for routes that verify a signature over their body: its text as it came, within the same bounds. */
export function textBody({ headers }: FastifyRequest, payload: Readable, done: Done): void {
  if (Number(headers['content-length']) > BODY_LIMIT_BYTES) done(tooLarge())
  else readText(payload, done)
}

/** Fastify would read what is no UTF-8 as well, with replacement characters in the place of what the client meant. */
function readText(payload: Readable, done: Done): void {
  const chunks: Buffer[] = []
  let bytes = 0
  const finish = (error: Error | null, text?: string): void => {
    clearTimeout(timer)
    payload.off('data', onData).off('end', onEnd).off('error', onError)
    done(error, text)
  }
  const onData = (chunk: Buffer): void => {
    bytes += chunk.length
    chunks.push(chunk)
    if (bytes > BODY_LIMIT_BYTES) finish(tooLarge())
  }
  const onEnd = (): void => {
    const [only = Buffer.alloc(0), ...more] = chunks
    const body = more.length === 0 ? only : Buffer.concat(chunks, bytes)
    if (isUtf8(body)) finish(null, body.toString())
    else finish(badBody('The body is not UTF-8.'))
  }
  const onError = (): void => finish(badBody('The body ended too early.'))
  const timer = setTimeout(() => finish(new DomainError('request_timeout', 'The body did not arrive in time.')), BODY_MAX_MS)
  payload.on('data', onData).on('end', onEnd).on('error', onError)
}

const tooLarge = (): DomainError => new DomainError('payload_too_large', `The body is larger than ${BODY_LIMIT_BYTES / 1_048_576} MB.`)

/**
 * A name that stands twice means one thing to us and may have meant the other to a filter in front of us. Parsing keeps the
 * last one without a word, so the names in the text are counted: each is followed by a colon, and no other colon is outside of strings.
 */
function countNames(text: string): number {
  let names = 0
  let colon = text.indexOf(':')
  for (let at = 0; colon !== -1; ) {
    const quote = text.indexOf('"', at)
    for (const end = quote === -1 ? text.length : quote; colon !== -1 && colon < end; colon = text.indexOf(':', colon + 1)) names++
    if (quote === -1) return names
    at = endOfString(text, quote + 1)
    if (colon !== -1 && colon < at) colon = text.indexOf(':', at)
  }
  return names
}

/** The place behind the closing quote. */
function endOfString(text: string, from: number): number {
  for (let at = from; ; at++) {
    const quote = text.indexOf('"', at)
    let backslashes = 0
    while (text[quote - 1 - backslashes] === '\\') backslashes++
    if (backslashes % 2 === 0) return quote + 1
    at = quote
  }
}

function countFields(value: unknown): number {
  let fields = 0
  const stack: unknown[] = [value]
  while (stack.length > 0) {
    const item = stack.pop()
    if (typeof item !== 'object' || item === null) continue
    const parts = Object.values(item)
    if (!Array.isArray(item)) fields += parts.length
    for (const part of parts) if (typeof part === 'object') stack.push(part)
  }
  return fields
}
