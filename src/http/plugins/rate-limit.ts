/**
 * Limits that keep one caller from starving the others. They are counted in this process: with n instances behind a
 * balancer a caller gets up to n times as much, and in return no request waits for Redis and none is refused without it.
 * Windows are fixed and begin with a caller's first request.
 */
import rateLimit, { normalizeIP } from '@fastify/rate-limit'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { DomainError } from '../../kit/errors.ts'

export interface RateLimitOptions {
  /** Reads, and apart from them writes, of one principal; requests without a principal count for their address. */
  readonly perPrincipalPerMinute?: number
  /** Requests from one address that were refused a login. A valid key from the same address is not affected. */
  readonly refusedPerAddressPerMinute?: number
}

const PER_PRINCIPAL_PER_MINUTE = 600_000
const REFUSED_PER_ADDRESS_PER_MINUTE = 120_000
const WINDOW_SECONDS = 60
/** Callers remembered at a time, about 200 bytes each; more than this at once and the first are counted anew. */
const MAX_CALLERS = 20_000
/** One subscriber's IPv6 network. */
const IPV6_SUBNET_BITS = 64

declare module 'fastify' {
  interface FastifyInstance {
    /** For the auth plugin: counts a refused login, and rejects with `rate_limited` when there were too many. */
    limitRefused?: (request: FastifyRequest, reply: FastifyReply) => Promise<void>
    /** For routes that find out who is calling by themselves, from the body: counts the principal, who was not known before. */
    limitCaller?: (request: FastifyRequest, reply: FastifyReply) => Promise<void>
  }
}

export const rateLimitPlugin = fp<RateLimitOptions>(
  async (app, options) => {
    await app.register(rateLimit, { global: false, cache: MAX_CALLERS })
    const perPrincipal = options.perPrincipalPerMinute ?? PER_PRINCIPAL_PER_MINUTE
    const refusedPerAddress = options.refusedPerAddressPerMinute ?? REFUSED_PER_ADDRESS_PER_MINUTE
    const limiter = (max: number, keyGenerator: (request: FastifyRequest) => string) => {
      const count = app.createRateLimit({ max, timeWindow: WINDOW_SECONDS * 1_000, keyGenerator })
      const policy = `"default";q=${max};w=${WINDOW_SECONDS}`
      return async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
        const state = await count(request)
        if (state.isAllowed) return
        reply.header('ratelimit-policy', policy).header('ratelimit', `"default";r=${state.remaining};t=${state.ttlInSeconds}`)
        if (state.isExceeded) throw rateLimited(state.ttlInSeconds)
      }
    }
    const reads = limiter(perPrincipal, callerOf)
    const writes = limiter(perPrincipal, callerOf)
    app.decorate('limitRefused', limiter(refusedPerAddress, addressOf))
    const limitCaller = (request: FastifyRequest, reply: FastifyReply): Promise<void> => (isRead(request) ? reads : writes)(request, reply)
    app.decorate('limitCaller', limitCaller)
    // After the auth plugin's hook, which has set the principal or ended the request.
    app.addHook('onRequest', limitCaller)
  },
  { name: 'rate-limit', dependencies: ['auth'] }
)

const isRead = ({ method }: FastifyRequest): boolean => method === 'GET' || method === 'HEAD'

const callerOf = (request: FastifyRequest): string => {
  const { principal } = request
  return principal === null ? addressOf(request) : (principal.apiKeyId ?? principal.actor)
}

const addressOf = ({ ip }: FastifyRequest): string => normalizeIP(ip, IPV6_SUBNET_BITS)

const rateLimited = (retryAfterSeconds: number): DomainError =>
  new DomainError('rate_limited', 'Too many requests in this minute.', { retryAfterSeconds })
