/**
 * Money is a bigint in 1/10000 of the currency unit inside, and a decimal string outside. Never a float.
 */
import { invalid } from './errors.ts'

/** An amount in 1/10000 of the currency unit. */
export type Amount = bigint

/** Three capital letters, ISO 4217 or a private code. */
export type Currency = string

export interface Money {
  readonly amount: Amount
  readonly currency: Currency
}

/** The wire form. */
export interface MoneyText {
  amount: string
  currency: string
}

const SCALE_DIGITS = 4
const UNIT: Amount = 10_000n
/** 13 digits before the point: a total of 10^13 units times 10^4 still fits a PostgreSQL bigint with room for sums. */
export const AMOUNT_PATTERN = '^(0|[1-9][0-9]{0,12})(\\.[0-9]{1,4})?$'
const AMOUNT = new RegExp(AMOUNT_PATTERN)

/** Parses `12`, `12.5`, `12.5000`; refuses signs, exponents, leading zeros and more than four decimals (`validation_failed`). */
export function parseAmount(text: string, pointer: string): Amount {
  if (!AMOUNT.test(text)) throw invalid(pointer, 'must be a decimal string with at most 4 fractional digits')
  const [whole = '0', fraction = ''] = text.split('.')
  return BigInt(whole) * UNIT + BigInt(fraction.padEnd(SCALE_DIGITS, '0'))
}

/** Two to four fractional digits: `12.50`, `0.0375`. */
export function formatAmount(amount: Amount): string {
  const negative = amount < 0n
  const absolute = negative ? -amount : amount
  const whole = absolute / UNIT
  let fraction = (absolute % UNIT).toString().padStart(SCALE_DIGITS, '0')
  if (fraction.endsWith('00')) fraction = fraction.slice(0, 2)
  else if (fraction.endsWith('0')) fraction = fraction.slice(0, 3)
  return `${negative ? '-' : ''}${whole}.${fraction}`
}

export const toMoneyText = (amount: Amount, currency: Currency): MoneyText => ({ amount: formatAmount(amount), currency })

export const fromMoneyText = (money: MoneyText, pointer: string): Money => ({
  amount: parseAmount(money.amount, `${pointer}/amount`),
  currency: money.currency
})
