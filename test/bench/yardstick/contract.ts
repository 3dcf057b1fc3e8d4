/** One timed run of the yardstick. */
export interface YardstickRun {
  readonly clients: number
  readonly seconds: number
  /** Drawn at random for each order, from 1. */
  readonly skus: number
  readonly wallets: number
}

export interface YardstickResult {
  readonly perSecond: number
  readonly orders: number
  /** Milliseconds for one order. */
  readonly p50: number
  readonly p99: number
}

export interface YardstickDriver {
  readonly name: string
  run(run: YardstickRun): Promise<YardstickResult>
  stop(): Promise<void>
}
