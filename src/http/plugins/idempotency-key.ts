/** Reads the Idempotency-Key header: bare or as a quoted structured-field string; both spell the same key. */
import type { FastifyRequest } from 'fastify'
import { DomainError } from '../../kit/errors.ts'

/** No comma: two headers arrive joined by one, and two keys are no key. */
const BARE = /^[!#-+\--[\]-~]{1,255}$/

/** Throws: `idempotency_key_missing`. */
export function idempotencyKeyOf(request: FastifyRequest): string {
  const header = request.headers['idempotency-key']
  if (typeof header !== 'string') throw missing('The header Idempotency-Key is required.')
  const quoted = header.length >= 2 && header.startsWith('"') && header.endsWith('"')
  const key = quoted ? header.slice(1, -1) : header
  if (!BARE.test(key)) throw missing('The header Idempotency-Key must be 1 to 255 visible ASCII characters without quotes, commas or blanks.')
  return key
}

const missing = (detail: string): DomainError =>
  new DomainError('idempotency_key_missing', detail, { errors: [{ pointer: '/headers/idempotency-key', message: detail }] })
