/** Latencies in buckets of about one percent, so that those of several processes can be added up. */
const BUCKETS_PER_DOUBLING = 64
const BUCKETS = BUCKETS_PER_DOUBLING * 36

export type Histogram = Uint32Array<ArrayBuffer>

export const createHistogram = (): Histogram => new Uint32Array(BUCKETS)

/** `ms`: milliseconds. Below a microsecond counts as one. */
export function record(histogram: Histogram, ms: number): void {
  const bucket = ms <= 0.001 ? 0 : Math.min(BUCKETS - 1, Math.round(Math.log2(ms * 1_000) * BUCKETS_PER_DOUBLING))
  histogram[bucket] = (histogram[bucket] ?? 0) + 1
}

export function addUp(histograms: readonly Histogram[]): Histogram {
  const sum = createHistogram()
  for (const histogram of histograms) for (let bucket = 0; bucket < BUCKETS; bucket++) sum[bucket] = (sum[bucket] ?? 0) + (histogram[bucket] ?? 0)
  return sum
}

/** In milliseconds; `share` from 0 to 1. NaN if nothing was recorded. */
export function percentile(histogram: Histogram, share: number): number {
  const total = histogram.reduce((sum, count) => sum + count, 0)
  let left = total * share
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    left -= histogram[bucket] ?? 0
    if (left <= 0 && total > 0) return 2 ** (bucket / BUCKETS_PER_DOUBLING) / 1_000
  }
  return Number.NaN
}
