import type { OutboundHttp } from '../../../kit/outbound-http.ts'
import { describeAnswer, type Exchange, exchange } from '../wire/exchange.ts'
import { countAt, textAt, type Wire } from '../wire/json.ts'

export interface Settings {
  readonly baseUrl: string
  readonly authUrl: string
  readonly audience: string
  readonly clientId: string
  readonly clientSecret: string
  readonly senderName: string
  readonly http: OutboundHttp
}

export interface Connection extends Settings {
  token(): Promise<Token>
  forgetToken(): void
}

/** Without a token nothing is sent to the API. `denied`: our credentials are wrong. */
export type Token = { readonly kind: 'token'; readonly text: string } | { readonly kind: 'denied' | 'away' }

/** A token is renewed this long before it ends. */
const TOKEN_MARGIN_MS = 60_000
const DENIED = [400, 401, 403]
export const NO_TOKEN = 'no access token was given'
const ACCEPT = 'application/com.reloadly.giftcards-v1+json'

export function createConnection(settings: Settings): Connection {
  let known: { readonly text: string; readonly until: number } | null = null
  const fetchToken = async (): Promise<Token> => {
    const { http, authUrl, audience, clientId, clientSecret } = settings
    const body = JSON.stringify({ client_id: clientId, client_secret: clientSecret, grant_type: 'client_credentials', audience })
    const reply = await exchange(http, { method: 'POST', url: `${authUrl}/oauth/token`, headers: { 'content-type': 'application/json' }, body })
    const text = reply.kind === 'json' && reply.status === 200 ? textAt(reply.body, 'access_token') : null
    if (reply.kind !== 'json') return { kind: 'away' }
    if (text === null) return { kind: DENIED.includes(reply.status) ? 'denied' : 'away' }
    known = { text, until: Date.now() + (countAt(reply.body, 'expires_in') ?? 0) * 1000 - TOKEN_MARGIN_MS }
    return { kind: 'token', text }
  }
  return {
    ...settings,
    token: async () => (known !== null && known.until > Date.now() ? { kind: 'token', text: known.text } : await fetchToken()),
    forgetToken: () => {
      known = null
    }
  }
}

/** A token may end before its time. Whoever has none is not served, so nothing happened, and the same again with a new one is the first. */
export async function call(connection: Connection, method: 'GET' | 'POST', path: string, fields?: object): Promise<Exchange> {
  const first = await send(connection, { method, path, fields })
  const isOver = first.kind === 'json' && first.status === 401 && textAt(first.body, 'errorCode') === 'INVALID_TOKEN'
  return isOver ? await send(connection, { method, path, fields }) : first
}

interface Call {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly fields: object | undefined
}

async function send(connection: Connection, { method, path, fields }: Call): Promise<Exchange> {
  const token = await connection.token()
  if (token.kind !== 'token') return { kind: 'not_sent', detail: NO_TOKEN }
  const reply = await exchange(connection.http, {
    method,
    url: `${connection.baseUrl}${path}`,
    headers: { authorization: `Bearer ${token.text}`, accept: ACCEPT, 'content-type': 'application/json' },
    ...(fields === undefined ? {} : { body: JSON.stringify(fields) })
  })
  if (reply.kind === 'json' && reply.status === 401) connection.forgetToken()
  return reply
}

export const says = ({ clientId, clientSecret }: Settings, body: Wire): string =>
  describeAnswer(textAt(body, 'errorCode'), textAt(body, 'message'), [clientId, clientSecret])
