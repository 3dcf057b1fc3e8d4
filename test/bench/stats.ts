export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

export interface Series {
  readonly name: string
  readonly unit: string
  readonly values: readonly number[]
}

export interface Comparison {
  readonly name: string
  /** The yardstick, or whatever the other side is measured against. */
  readonly base: Series
  readonly ours: Series
  /** Median of ours by median of the base. */
  readonly ratio: number
  /** Of neighbours in time: how much the machine's other work moved the result. */
  readonly roundRatios: readonly number[]
}

export interface Side {
  readonly name: string
  readonly unit: string
  /** Runs once and returns the figure. */
  readonly run: () => Promise<number>
}

/** Interleaves the two sides, ABBA, so that drift and neighbours of the machine hit both. */
export async function compare(name: string, sides: { readonly base: Side; readonly ours: Side }, rounds: number): Promise<Comparison> {
  const base: number[] = []
  const ours: number[] = []
  for (let round = 0; round < rounds; round++) {
    if (round % 2 === 0) base.push(await sides.base.run())
    ours.push(await sides.ours.run())
    if (round % 2 === 1) base.push(await sides.base.run())
  }
  return {
    name,
    base: { name: sides.base.name, unit: sides.base.unit, values: base },
    ours: { name: sides.ours.name, unit: sides.ours.unit, values: ours },
    ratio: median(ours) / median(base),
    roundRatios: ours.map((value, index) => value / base[index]!)
  }
}

export const round = (value: number, digits = 3): number => Number(value.toFixed(digits))

/** For example `2,310/s (1,990…2,480)`. */
export function describe({ unit, values }: Series): string {
  const digits = median(values) < 100 ? 2 : 0
  const text = (value: number): string => value.toLocaleString('en-US', { maximumFractionDigits: digits })
  return `${text(median(values))}${unit} (${text(Math.min(...values))}…${text(Math.max(...values))})`
}
