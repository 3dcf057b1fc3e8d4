/**
 * Redis is a hint, never the truth: a command that does not answer at once is an error, and every caller has a way on without it.
 */
import { Redis as Client, Cluster } from 'ioredis'
import { type RedisTarget, readRedisUrl } from './redis-url.ts'

/** Longer than any healthy answer; each millisecond is added to an order while Redis hangs. */
const COMMAND_TIMEOUT_MS = 200
const CONNECT_TIMEOUT_MS = 1_000
const RECONNECT_MAX_MS = 1_000
/** A slot that has moved is asked for where it is now; more would make an order wait for a cluster that does not know itself. */
const REDIRECTIONS_MAX = 2
const REDIRECT_DELAY_MS = 20

/** What is the same in one server, in one found by Sentinel, and in a cluster. */
export type Redis = Pick<Client, 'defineCommand' | 'publish' | 'subscribe' | 'ping' | 'disconnect'> & {
  readonly status: string
  on(event: 'message', listener: (channel: string, message: string) => void): unknown
  on(event: 'error', listener: (error: Error) => void): unknown
  on(event: 'ready', listener: () => void): unknown
}

export interface RedisOptions {
  readonly url: string
  readonly onError: (error: Error) => void
  /** A subscriber may run no other commands and waits for messages without a time-out. */
  readonly subscriber?: boolean
}

export function createRedis({ url, onError, subscriber = false }: RedisOptions): Redis {
  const target = readRedisUrl(url)
  const redis: Redis = target.kind === 'cluster' ? createCluster(target, subscriber) : createClient(target, subscriber)
  redis.on('error', onError)
  return redis
}

const retryStrategy = (attempt: number): number => Math.min(50 * attempt, RECONNECT_MAX_MS)
const timeouts = (subscriber: boolean) => ({
  connectTimeout: CONNECT_TIMEOUT_MS,
  ...(subscriber ? {} : { commandTimeout: COMMAND_TIMEOUT_MS })
})

function createClient(target: Exclude<RedisTarget, { kind: 'cluster' }>, subscriber: boolean): Redis {
  const options = {
    ...timeouts(subscriber),
    enableOfflineQueue: subscriber,
    maxRetriesPerRequest: subscriber ? null : 0,
    enableAutoPipelining: !subscriber,
    retryStrategy,
    // It was a primary and is none any more: whoever resolves the name or asks Sentinel again finds the new one.
    reconnectOnError: (error: Error) => error.message.startsWith('READONLY')
  }
  if (target.kind === 'single') return new Client(target.url, options)
  const { nodes, primary, login, tls } = target
  return new Client({
    ...options,
    ...login,
    sentinels: [...nodes],
    name: primary,
    sentinelRetryStrategy: retryStrategy,
    failoverDetector: true,
    ...(tls ? { tls: {}, enableTLSForSentinelMode: true } : {})
  })
}

function createCluster({ nodes, login, tls }: Extract<RedisTarget, { kind: 'cluster' }>, subscriber: boolean): Redis {
  return new Cluster([...nodes], {
    enableOfflineQueue: subscriber,
    clusterRetryStrategy: retryStrategy,
    maxRedirections: REDIRECTIONS_MAX,
    retryDelayOnFailover: REDIRECT_DELAY_MS,
    retryDelayOnClusterDown: REDIRECT_DELAY_MS,
    retryDelayOnTryAgain: REDIRECT_DELAY_MS,
    slotsRefreshTimeout: CONNECT_TIMEOUT_MS,
    redisOptions: { ...timeouts(subscriber), ...login, ...(tls ? { tls: {} } : {}) },
    // A certificate is for a name: the nodes' own answer is what is connected to.
    ...(tls ? { dnsLookup: (address: string, found: (error: null, address: string) => void) => found(null, address) } : {})
  })
}
