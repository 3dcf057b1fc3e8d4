/**
 * Traces in the way of OpenTelemetry: W3C `traceparent` in, OTLP over HTTP as JSON out. By hand, because the few spans that are worth
 * their bytes here need none of the SDK's forty packages. Nothing waits for the collector: what it does not take is dropped and counted.
 */
import { randomBytes } from 'node:crypto'

export interface TraceParent {
  readonly traceId: string
  readonly spanId: string
  readonly isSampled: boolean
}

export interface Span {
  readonly name: string
  readonly kind: 'internal' | 'server' | 'client'
  readonly startedAtMs: number
  readonly endedAtMs: number
  readonly attributes: Readonly<Record<string, string | number>>
  readonly isError?: boolean
  /** Absent: a trace of its own. */
  readonly traceId?: string | undefined
  readonly parentId?: string | undefined
}

export interface Tracer {
  /** The trace that a request belongs to: its caller's, or a new one; null: not sampled. */
  traceOf(parent: TraceParent | null): string | null
  /** Must not be called for a trace that is not sampled. */
  record(span: Span): void
  dropped(): number
  close(): Promise<void>
}

export interface TracerOptions {
  /** `…/v1/traces` is put behind it. */
  readonly endpoint: string
  readonly headers: Readonly<Record<string, string>>
  readonly serviceName: string
  /** Of the traces that begin here; the caller decides on his own. */
  readonly sampleRatio: number
  readonly onError: (error: Error) => void
}

const TRACEPARENT = /^[\da-f]{2}-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-([\da-f]{2})(?:-|$)/
/** Some seconds of the busiest process; a collector that is away for longer misses them. */
const BUFFER_MAX = 8_192
const FLUSH_AT = 512
const FLUSH_EVERY_MS = 2_000
const EXPORT_TIMEOUT_MS = 5_000
const KINDS = { internal: 1, server: 2, client: 3 } as const
const STATUS_ERROR = 2

/** Null if there is none, or none that can be read (W3C Trace Context: then it is ignored). */
export function parseTraceparent(header: string | string[] | undefined): TraceParent | null {
  if (typeof header !== 'string') return null
  const [, traceId, spanId, flags] = TRACEPARENT.exec(header) ?? []
  if (traceId === undefined || spanId === undefined || flags === undefined || header.startsWith('ff')) return null
  return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & 1) === 1 }
}

const newTraceId = (): string => randomBytes(16).toString('hex')

export function createTracer(options: TracerOptions): Tracer {
  let waiting: Span[] = []
  let droppedSpans = 0
  let sending: Promise<void> = Promise.resolve()
  let isSending = false

  async function send(spans: readonly Span[]): Promise<void> {
    try {
      const response = await fetch(new URL('v1/traces', withSlash(options.endpoint)), {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...options.headers },
        body: JSON.stringify(toOtlp(options.serviceName, spans)),
        signal: AbortSignal.timeout(EXPORT_TIMEOUT_MS)
      })
      await response.body?.cancel()
      if (!response.ok) throw new Error(`the collector answered ${response.status}`)
    } catch (error) {
      droppedSpans += spans.length
      options.onError(error as Error)
    }
  }

  function flush(): void {
    if (isSending || waiting.length === 0) return
    const spans = waiting
    waiting = []
    isSending = true
    sending = send(spans).finally(() => {
      isSending = false
    })
  }

  const timer = setInterval(flush, FLUSH_EVERY_MS)
  timer.unref()
  return {
    traceOf: parent => {
      if (parent !== null) return parent.isSampled ? parent.traceId : null
      return Math.random() < options.sampleRatio ? newTraceId() : null
    },
    record: span => {
      if (waiting.length >= BUFFER_MAX) droppedSpans++
      else waiting.push(span)
      if (waiting.length >= FLUSH_AT) flush()
    },
    dropped: () => droppedSpans,
    close: async () => {
      clearInterval(timer)
      await sending
      flush()
      await sending
    }
  }
}

const withSlash = (url: string): string => (url.endsWith('/') ? url : `${url}/`)

const toNanoseconds = (ms: number): string => `${BigInt(Math.round(ms * 1_000))}000`

function toOtlp(serviceName: string, spans: readonly Span[]) {
  const attribute = ([key, value]: [string, string | number]) => ({
    key,
    value: typeof value === 'string' ? { stringValue: value } : { doubleValue: value }
  })
  return {
    resourceSpans: [
      {
        resource: { attributes: Object.entries({ 'service.name': serviceName, 'process.pid': process.pid }).map(attribute) },
        scopeSpans: [
          {
            scope: { name: 'kahub' },
            spans: spans.map(span => ({
              traceId: span.traceId ?? newTraceId(),
              spanId: randomBytes(8).toString('hex'),
              ...(span.parentId === undefined ? {} : { parentSpanId: span.parentId }),
              name: span.name,
              kind: KINDS[span.kind],
              startTimeUnixNano: toNanoseconds(span.startedAtMs),
              endTimeUnixNano: toNanoseconds(span.endedAtMs),
              attributes: Object.entries(span.attributes).map(attribute),
              ...(span.isError === true ? { status: { code: STATUS_ERROR } } : {})
            }))
          }
        ]
      }
    ]
  }
}
