/** Money on others' wires: decimal strings and JSON numbers, both read as text. */
import { type Amount, formatAmount } from '../../../kit/money.ts'
import { textAt, type Wire } from './json.ts'

const DECIMAL = /^(\d{1,13})(?:\.(\d{1,18}))?$/
const FRACTION_DIGITS = 4

/** Null: no amount. Digits beyond 1/10000 round up, because what is read here is what we pay. */
export function toAmount(text: string | null): Amount | null {
  const match = DECIMAL.exec(text ?? '')
  if (match === null) return null
  const [, whole = '0', fraction = ''] = match
  const kept = BigInt(whole + fraction.slice(0, FRACTION_DIGITS).padEnd(FRACTION_DIGITS, '0'))
  return /[1-9]/.test(fraction.slice(FRACTION_DIGITS)) ? kept + 1n : kept
}

export const amountAt = (value: Wire | undefined, ...path: readonly string[]): Amount | null => toAmount(textAt(value, ...path))

/** A negative balance is a debt: it buys nothing. */
export function balanceAt(value: Wire | undefined, ...path: readonly string[]): Amount | null {
  const text = textAt(value, ...path)
  return text?.startsWith('-') === true && toAmount(text.slice(1)) !== null ? 0n : toAmount(text)
}

/** What one of them cost, rounded up. */
export const perUnit = (total: Amount | null, quantity: number | null): Amount | null =>
  total === null || quantity === null || quantity < 1 ? null : (total + BigInt(quantity) - 1n) / BigInt(quantity)

/** For protocols that want a JSON number: a double prints the shortest decimal that reads back, which is ours up to 15 digits. */
export const wireNumber = (amount: Amount): number => Number(formatAmount(amount))
