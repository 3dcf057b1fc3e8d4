/** What the bench's parent process and its load generators say to each other. */
import type { Histogram } from '../histogram.ts'

export interface LoadPlan {
  readonly host: string
  /** One or several instances; connections are dealt out in turn. */
  readonly ports: readonly number[]
  readonly connections: number
  /** Bearer keys; each request uses one at random. */
  readonly keys: readonly string[]
  readonly request:
    | {
        readonly kind: 'order'
        /** Each order buys one card of one of them, at random. */
        readonly skuIds: readonly string[]
        /** Idempotency keys without any order, and a reference each, as shops send them; otherwise keys ascend, and there is no reference. */
        readonly asShops?: boolean
      }
    | { readonly kind: 'get'; readonly path: string }
}

export interface LoadRun {
  readonly seconds: number
  /** All connections together, evenly; latency counts from when a request was due. Without it each asks as soon as it is answered. */
  readonly perSecond?: number
  /** Stop after this many requests, if they come first. */
  readonly limit?: number
}

export interface LoadResult {
  /** From the first request to the end of the run, or to the last answer if a limit ended it. */
  readonly seconds: number
  /** Complete answers inside the run. */
  readonly answers: number
  /** 2xx inside the run. */
  readonly successes: number
  /** 2xx of the whole run, with those that arrived after its end. */
  readonly placed: number
  /** Answers by status and problem code, such as `409 out_of_stock`, without the 2xx. */
  readonly refusals: Readonly<Record<string, number>>
  /** What is no business answer: broken connections, broken bodies, 5xx, cards that are not ours. */
  readonly errors: Readonly<Record<string, number>>
  readonly latencies: Histogram
  /** Serial numbers of the cards that were delivered. */
  readonly serials: Uint32Array<ArrayBuffer>
  /** Successes in each second since the start. */
  readonly perSecond: readonly number[]
  /** Processor seconds that the generator used. */
  readonly cpuSeconds: number
}

export type ToGenerator =
  | { readonly type: 'open'; readonly plan: LoadPlan }
  | { readonly type: 'run'; readonly run: LoadRun }
  | { readonly type: 'close' }

export type FromGenerator =
  | { readonly type: 'opened'; readonly failed: number }
  | { readonly type: 'done'; readonly result: LoadResult }
  | { readonly type: 'closed' }
