/** Protocols under host names of their own: a shop then is given nothing but a host. */
import { PROTOCOLS } from './protocol.ts'

export interface HostRequest {
  readonly url?: string | undefined
  readonly headers: { readonly host?: string | undefined }
}

/** What is below it is the protocol's to answer, also what nobody can decode. */
const BELOW = new RegExp(`^/facades/(?:${PROTOCOLS.join('|')})(?=/)`)

/**
 * The path that a request means, if its host is a protocol's. What comes with the protocol's path already is left alone. `url` is what
 * the router can decode, in place of what it cannot.
 */
export function createHostPaths(hosts: ReadonlyMap<string, string>): (request: HostRequest, url: string) => string {
  for (const [host, protocol] of hosts) {
    if (!PROTOCOLS.some(each => each === protocol)) {
      throw new Error(`KAHUB_FACADE_HOSTS: "${protocol}" of ${host} is none of ${PROTOCOLS.join(', ')}`)
    }
  }
  return ({ headers, url: asSent }, url) => {
    const below = asSent === undefined || asSent === url ? null : BELOW.exec(asSent)
    if (below !== null) return `${below[0]}${url}`
    const protocol = hosts.size === 0 ? undefined : hosts.get((headers.host ?? '').toLowerCase().replace(/:\d+$/, ''))
    const prefix = `/facades/${protocol}`
    return protocol === undefined || url.startsWith(`${prefix}/`) ? url : `${prefix}${url}`
  }
}
