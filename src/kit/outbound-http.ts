/**
 * The one way out: HTTP to addresses that others chose (supplier APIs, resellers' webhook endpoints). Internal addresses are refused
 * in every spelling at each connection, redirects are not followed, and size and time have limits.
 */
import { lookup as lookupInDns } from 'node:dns/promises'
import { isIP, type LookupFunction } from 'node:net'
import { Agent, buildConnector, type Dispatcher } from 'undici'
import { isPublicAddress } from './address-guard.ts'

export interface OutboundRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
  readonly timeoutMs?: number
  /** A longer answer is `failed` with `too_large`. */
  readonly maxBytes?: number
}

/** Why there is no answer. After `refused_address` and `not_connected` the request certainly was not received. */
export type OutboundFailure = 'refused_address' | 'not_connected' | 'timeout' | 'broken' | 'too_large'

export type OutboundAnswer =
  | { readonly kind: 'answer'; readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: string }
  | { readonly kind: 'failed'; readonly failure: OutboundFailure; readonly detail: string }

export interface OutboundHttp {
  send(request: OutboundRequest): Promise<OutboundAnswer>
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
  const { timeoutMs = TIMEOUT_DEFAULT_MS, maxBytes = MAX_BYTES_DEFAULT } = request
  let controller: Dispatcher.DispatchController | null = null
  let settled = false
  const settle = (answer: OutboundAnswer): void => {
    settled = true
    clearTimeout(deadline)
    resolve(answer)
  }
  const giveUp = (failure: OutboundFailure, detail: string): void => {
    if (settled) return
    settle(failed(failure, detail))
    controller?.abort(new Error(failure))
  }
  // Nothing was written as long as there is no controller; and nothing will be, see onRequestStart.
  const deadline = setTimeout(() => giveUp(controller === null ? 'not_connected' : 'timeout', `no answer in ${timeoutMs} ms`), timeoutMs)
  const chunks: Buffer[] = []
  let status = 0
  let headers: Readonly<Record<string, string>> = {}
  let bytes = 0
  const handler: Dispatcher.DispatchHandler = {
    onRequestStart: started => {
      if (settled) return started.abort(new Error('too late'))
      controller = started
    },
    onResponseStart: (_controller, statusCode, received) => {
      status = statusCode
      headers = flatHeaders(received)
      if (Number(headers['content-length'] ?? 0) > maxBytes) giveUp('too_large', `more than ${maxBytes} bytes`)
    },
    onResponseData: (_controller, chunk) => {
      bytes += chunk.length
      if (bytes > maxBytes) return giveUp('too_large', `more than ${maxBytes} bytes`)
      chunks.push(chunk)
    },
    onResponseEnd: () => {
      if (!settled) settle({ kind: 'answer', status, headers, body: Buffer.concat(chunks).toString('utf8') })
    },
    onResponseError: (_controller, error) =>
      giveUp(failureOf(error, controller !== null), error instanceof NotConnected ? error.message : codeOf(error))
  }
  dispatch(agent, { url, request, userAgent }, handler)
  return promise
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

function failureOf(error: Error, started: boolean): OutboundFailure {
  if (error instanceof RefusedAddress) return 'refused_address'
  return started ? 'broken' : 'not_connected'
}

const flatHeaders = (headers: Readonly<Record<string, string | string[] | undefined>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [[name, [value].flat().join(', ')]])))
