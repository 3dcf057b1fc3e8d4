/** JSON bodies: UTF-8, of a bounded size, and sent within a bounded time. */
import { isUtf8 } from 'node:buffer'
import type { Readable } from 'node:stream'
import fp from 'fastify-plugin'
import { DomainError } from '../../kit/errors.ts'
import { badBody } from './errors.ts'

/** The largest order batch is well below; a larger body would be held in memory for nothing. */
const BODY_LIMIT_BYTES = 1_048_576
/** A client that drips its body holds a connection for no longer than this. */
const BODY_MAX_MS = 10_000

type Done = (error: Error | null, text?: string) => void

export const jsonBodiesPlugin = fp(
  async app => {
    const parse = app.getDefaultJsonParser('error', 'error')
    app.addContentTypeParser('application/json', (request, payload, done) => {
      if (Number(request.headers['content-length']) > BODY_LIMIT_BYTES) return done(tooLarge())
      readText(payload, (error, text = '') => {
        if (error !== null) return done(error)
        // Many clients always say that they send JSON, also with a POST without a body.
        if (text === '') return done(null, undefined)
        parse(request, text, done)
      })
    })
  },
  { name: 'json-bodies', dependencies: ['errors'] }
)

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
