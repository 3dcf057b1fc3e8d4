/**
 * The one way out: HTTP to addresses that others chose (supplier APIs, resellers' webhook endpoints). Internal addresses are refused
 * in every spelling at each connection, redirects are not followed, and size and time have limits.
 */
import { lookup as lookupInDns } from 'node:dns/promises'
import { isIP, type LookupFunction } from 'node:net'
import { Agent, buildConnector, type Dispatcher } from 'undici'
import { isInternalHost, isPublicAddress } from './address-guard.ts'
import { decodeBody } from './content-encoding.ts'

export interface OutboundRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
  readonly timeoutMs?: number
  /** A longer answer is `failed` with `too_large`. */
  readonly maxBytes?: number
  /** The status is all that counts: it is the answer as soon as it comes, with an empty body, whatever follows. */
  readonly statusOnly?: boolean
}

/** Why there is no answer. After `refused_address` and `not_connected` the request certainly was not received. */
export type OutboundFailure = 'refused_address' | 'not_connected' | 'timeout' | 'broken' | 'too_large'

export type OutboundAnswer =
  | { readonly kind: 'answer'; readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: string }
  | { readonly kind: 'failed'; readonly failure: OutboundFailure; readonly detail: string }

export interface OutboundHttp {
  send(request: OutboundRequest): Promise<OutboundAnswer>
  /** True: this URL is certainly never called. A name may still lead to an address that is not. */
  refuses(url: string): boolean
  close(): Promise<void>
}

interface FoundAddress {
  readonly address: string
  readonly family: number
}

export interface OutboundHttpOptions {
  readonly userAgent: string
  /** Lets internal addresses through: for tests and development, where the other side runs on this machine. */
  readonly allowPrivate?: boolean
  /** All addresses of a name; default: the system's. */
  readonly lookup?: (hostname: string) => Promise<readonly FoundAddress[]>
}

const TIMEOUT_DEFAULT_MS = 15_000
const CONNECT_TIMEOUT_MS = 10_000
const MAX_BYTES_DEFAULT = 1_048_576
/** To one host. More wait for a free connection, at most until their time-out, and then were not sent. */
const CONNECTIONS_MAX = 4_096
/** What follows a status that is all that counts: read this long, so that the connection can be used again. */
const REST_TIMEOUT_MS = 1_000

export function createOutboundHttp(options: OutboundHttpOptions): OutboundHttp {
  const agent = new Agent({
    connect: guardedConnector(options),
    connections: CONNECTIONS_MAX,
    allowH2: false,
    // Each exchange has a deadline of its own.
    headersTimeout: 0,
    bodyTimeout: 0
  })
  return {
    send: async request => {
      const url = parseTarget(request.url)
      return url === null ? failed('refused_address', 'not an http or https URL without credentials') : await exchange(agent, options, url, request)
    },
    refuses: text => {
      const url = parseTarget(text)
      return url === null || (options.allowPrivate !== true && isInternalHost(url.hostname))
    },
    close: () => agent.close()
  }
}

function parseTarget(text: string): URL | null {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') return null
  return url
}

const failed = (failure: OutboundFailure, detail: string): OutboundAnswer => ({ kind: 'failed', failure, detail })

class RefusedAddress extends Error {}

/** Whatever went wrong before there was a connection, TLS included: nothing of the request was sent. */
class NotConnected extends Error {}

/** Checks the address that is connected to, not one that was looked up before: a name may lead elsewhere the next time it is asked for. */
function guardedConnector({ allowPrivate = false, lookup = allAddresses }: OutboundHttpOptions): buildConnector.connector {
  const allowed = (address: string): boolean => allowPrivate || isPublicAddress(address)
  const guardedLookup: LookupFunction = (hostname, { all }, callback) => {
    const answer = (found: readonly FoundAddress[]): void => {
      const [first] = found
      if (first === undefined) callback(new NotConnected('no_address'), '', 0)
      else if (!found.every(({ address }) => allowed(address))) callback(new RefusedAddress('leads to an internal address'), '', 0)
      else if (all === true) callback(null, [...found])
      else callback(null, first.address, first.family)
    }
    lookup(hostname).then(answer, (error: Error) => callback(error, '', 0))
  }
  const connect = buildConnector({ allowH2: false, timeout: CONNECT_TIMEOUT_MS, lookup: guardedLookup })
  return (target, callback) => {
    const host = target.hostname.replace(/^\[|\]$/g, '')
    if (isIP(host) !== 0 && !allowed(host)) {
      return queueMicrotask(() => callback(new RefusedAddress('is an internal address'), null))
    }
    connect(target, (error, socket) => {
      if (error === null) return callback(null, socket)
      callback(error instanceof RefusedAddress ? error : new NotConnected(codeOf(error)), null)
    })
  }
}

const allAddresses = (hostname: string): Promise<readonly FoundAddress[]> => lookupInDns(hostname, { all: true })

/** Never the message: it may quote what was sent. */
const codeOf = (error: Error): string => ('code' in error && typeof error.code === 'string' ? error.code : error.name)

/** One request and its answer, or what became of them by the deadline. */
function exchange(agent: Agent, { userAgent }: OutboundHttpOptions, url: URL, request: OutboundRequest): Promise<OutboundAnswer> {
  const { promise, resolve } = Promise.withResolvers<OutboundAnswer>()
  const { timeoutMs = TIMEOUT_DEFAULT_MS, maxBytes = MAX_BYTES_DEFAULT, statusOnly = false } = request
  let controller: Dispatcher.DispatchController | null = null
  let settled = false
  const settle = (answer: OutboundAnswer): void => {
    settled = true
    clearTimeout(deadline)
    resolve(answer)
  }
  const giveUp = (failure: OutboundFailure, detail: string): void => {
    if (!settled) settle(failed(failure, detail))
    controller?.abort(new Error(failure))
  }
  // Nothing was written as long as there is no controller; and nothing will be, see onRequestStart.
  let deadline = setTimeout(() => giveUp(controller === null ? 'not_connected' : 'timeout', `no answer in ${timeoutMs} ms`), timeoutMs)
  const chunks: Buffer[] = []
  let head: Head = { status: 0, headers: {} }
  let bytes = 0
  const handler: Dispatcher.DispatchHandler = {
    onRequestStart: started => {
      if (settled) return started.abort(new Error('too late'))
      controller = started
    },
    onResponseStart: (_controller, statusCode, received) => {
      // What comes before the answer, such as early hints.
      if (statusCode < 200) return
      head = { status: statusCode, headers: flatHeaders(received) }
      if (statusOnly) {
        settle({ kind: 'answer', ...head, body: '' })
        deadline = setTimeout(() => giveUp('timeout', 'its body does not end'), REST_TIMEOUT_MS)
      }
      if (Number(head.headers['content-length'] ?? 0) > maxBytes) giveUp('too_large', `more than ${maxBytes} bytes`)
    },
    onResponseData: (_controller, chunk) => {
      bytes += chunk.length
      if (bytes > maxBytes) return giveUp('too_large', `more than ${maxBytes} bytes`)
      if (!statusOnly) chunks.push(chunk)
    },
    onResponseEnd: () => {
      clearTimeout(deadline)
      if (!settled) void readBody(head, Buffer.concat(chunks), maxBytes).then(settle)
    },
    onResponseError: (_controller, error) =>
      settled ? clearTimeout(deadline) : settle(failed(failureOf(error, controller !== null), detailOf(error)))
  }
  dispatch(agent, { url, request, userAgent }, handler)
  return promise
}

interface Head {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
}

async function readBody(head: Head, body: Buffer, maxBytes: number): Promise<OutboundAnswer> {
  const decoded = await decodeBody(body, head.headers['content-encoding'], maxBytes)
  if (decoded.kind === 'text') return { kind: 'answer', ...head, body: decoded.text }
  return decoded.kind === 'too_large' ? failed('too_large', `more than ${maxBytes} bytes`) : failed('broken', 'its encoding cannot be read')
}

interface Dispatched {
  readonly url: URL
  readonly request: OutboundRequest
  readonly userAgent: string
}

function dispatch(agent: Agent, { url, request, userAgent }: Dispatched, handler: Dispatcher.DispatchHandler): void {
  agent.dispatch(
    {
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method: request.method,
      headers: { 'user-agent': userAgent, ...request.headers },
      body: request.body ?? null
    },
    handler
  )
}

const detailOf = (error: Error): string => (error instanceof NotConnected ? error.message : codeOf(error))

function failureOf(error: Error, started: boolean): OutboundFailure {
  if (error instanceof RefusedAddress) return 'refused_address'
  return started ? 'broken' : 'not_connected'
}

const flatHeaders = (headers: Readonly<Record<string, string | string[] | undefined>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [[name, [value].flat().join(', ')]])))
