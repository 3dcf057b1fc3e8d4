/** Where Redis is: one server, the primary that Sentinels name, or a cluster. Pure. */

export interface RedisNode {
  readonly host: string
  readonly port: number
}

export interface RedisLogin {
  readonly username?: string
  readonly password?: string
  /** Of the Sentinels, where they have one. */
  readonly sentinelPassword?: string
}

export type RedisTarget =
  | { readonly kind: 'single'; readonly url: string }
  | {
      readonly kind: 'sentinel'
      readonly nodes: readonly RedisNode[]
      readonly primary: string
      readonly login: RedisLogin
      readonly tls: boolean
    }
  | { readonly kind: 'cluster'; readonly nodes: readonly RedisNode[]; readonly login: RedisLogin; readonly tls: boolean }

/** `redis+sentinel://user:password@host:port,host:port/name?sentinelPassword=…` and `redis+cluster://user:password@host:port,host:port`. */
const MANY = /^(rediss?)\+(sentinel|cluster):\/\/(?:([^:@/?]*)(?::([^@/?]*))?@)?([^/?@]+)(?:\/([^/?]*))?(?:\?sentinelPassword=([^&]+))?$/
const NODE = /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?::([0-9]{1,5}))?$/
const DEFAULT_PORT = { sentinel: 26_379, cluster: 6_379 }

/** Throws an Error that says what is wrong, and shows nothing of the URL. */
export function readRedisUrl(url: string): RedisTarget {
  if (!/^rediss?\+/.test(url)) return { kind: 'single', url }
  const [, scheme, kind, username = '', password = '', hosts = '', primary = '', sentinelPassword = ''] = MANY.exec(url) ?? []
  if (kind !== 'sentinel' && kind !== 'cluster') {
    throw new Error('REDIS_URL must be redis+sentinel://host:port,host:port/name or redis+cluster://host:port,host:port')
  }
  if ((kind === 'sentinel') !== (primary !== '')) {
    throw new Error(
      'REDIS_URL names the primary behind the hosts of Sentinels, as in redis+sentinel://a:26379,b:26379/mymaster, and nothing behind those of a cluster'
    )
  }
  const nodes = hosts.split(',').map(host => readNode(host, DEFAULT_PORT[kind]))
  const login = named({ username, password, sentinelPassword })
  const tls = scheme === 'rediss'
  return kind === 'sentinel' ? { kind, nodes, primary: decodeURIComponent(primary), login, tls } : { kind, nodes, login, tls }
}

function readNode(text: string, defaultPort: number): RedisNode {
  const [, host, port] = NODE.exec(text) ?? []
  if (host === undefined) throw new Error('REDIS_URL lists hosts as host:port,host:port')
  return { host: host.replace(/^\[|\]$/g, ''), port: port === undefined ? defaultPort : Number(port) }
}

const named = (parts: Required<RedisLogin>): RedisLogin =>
  Object.fromEntries(
    Object.entries(parts)
      .filter(([, value]) => value !== '')
      .map(([name, value]) => [name, decodeURIComponent(value)])
  )
