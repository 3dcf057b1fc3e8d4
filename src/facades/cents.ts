/** Amounts for protocols with two decimals. */

const UNITS_PER_CENT = 100n

/** Whole cents; never less than the amount. */
export const ceilCents = (amount: bigint): bigint => (amount + UNITS_PER_CENT - 1n) / UNITS_PER_CENT

/** `9.50`; never less than the amount. */
export function toCents(amount: bigint): string {
  const cents = ceilCents(amount)
  return `${cents / 100n}.${String(cents % 100n).padStart(2, '0')}`
}

/** Whole cents of a balance; never more than there is. */
export const floorCents = (amount: bigint): bigint => (amount < 0n ? 0n : amount / UNITS_PER_CENT)
