/**
 * Redis is a hint, never the truth: a command that does not answer at once is an error, and every caller has a way on without it.
 */
import { Redis } from 'ioredis'

/** Longer than any healthy answer; each millisecond is added to an order while Redis hangs. */
const COMMAND_TIMEOUT_MS = 200
const CONNECT_TIMEOUT_MS = 1_000
const RECONNECT_MAX_MS = 1_000

export interface RedisOptions {
  readonly url: string
  readonly onError: (error: Error) => void
  /** A subscriber may run no other commands and waits for messages without a time-out. */
  readonly subscriber?: boolean
}

export function createRedis(options: RedisOptions): Redis {
  const redis = new Redis(options.url, {
    connectTimeout: CONNECT_TIMEOUT_MS,
    enableOfflineQueue: options.subscriber === true,
    maxRetriesPerRequest: options.subscriber === true ? null : 0,
    enableAutoPipelining: options.subscriber !== true,
    ...(options.subscriber === true ? {} : { commandTimeout: COMMAND_TIMEOUT_MS }),
    retryStrategy: attempt => Math.min(50 * attempt, RECONNECT_MAX_MS)
  })
  redis.on('error', options.onError)
  return redis
}

export type { Redis }
