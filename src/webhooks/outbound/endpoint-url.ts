/** Which URLs may be an endpoint's. Asked when one is saved and again before each attempt; the connection itself checks the address. */
import { isInternalHost } from '../../kit/address-guard.ts'
import { DomainError } from '../../kit/errors.ts'

export interface UrlPolicy {
  /** Lets http, other ports and internal hosts through: for tests and development. */
  readonly allowPrivateTargets: boolean
}

/** What servers take without asking. */
const URL_MAX = 2_000
/** The ports of HTTPS. Others belong to services that must not be reached by way of us. */
const PORTS = new Set(['', '443', '8443'])

/** Null: the URL may be used. */
export function endpointUrlProblem(text: string, { allowPrivateTargets }: UrlPolicy): string | null {
  if (text.length > URL_MAX) return `must have at most ${URL_MAX} characters`
  // The parser drops blanks and control characters in silence: what is stored would not be what is called.
  if (/[^\x21-\x7e]/.test(text) || text.includes('\\')) return 'must consist of visible ASCII characters; write other names in punycode'
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null) return 'must be a URL'
  if (url.username !== '' || url.password !== '' || /^[^/?#]*\/\/[^/?#]*@/.test(text)) return 'must not contain credentials'
  if (url.hash !== '' || text.includes('#')) return 'must not contain a fragment'
  if (allowPrivateTargets) return /^https?:$/.test(url.protocol) ? null : 'must begin with https://'
  if (url.protocol !== 'https:' || !/^https:\/\//i.test(text)) return 'must begin with https://'
  if (!PORTS.has(url.port)) return 'must use the port 443 or 8443'
  return isInternalHost(url.hostname) ? 'must lead to a public address' : null
}

/** Throws: url_refused. */
export function checkEndpointUrl(text: string, policy: UrlPolicy): void {
  const problem = endpointUrlProblem(text, policy)
  if (problem === null) return
  throw new DomainError('url_refused', `The URL ${problem}.`, { errors: [{ pointer: '/url', message: problem }] })
}
