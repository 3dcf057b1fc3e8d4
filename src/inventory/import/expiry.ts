/** Expiry dates as sellers write them. */

/** A date without a zone in a seller's file is Beijing time. */
const FILE_ZONE_OFFSET_MINUTES = 8 * 60
const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
const NEVER = new Set(['', '-', '无', '永久', '长期', '长期有效', '永久有效', 'never', 'none'])

const DATE = /^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:(?:T|\s+)(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d{1,9})?)?\s*(Z|[+-]\d{2}:?\d{2})?)?$/i
const COMPACT = /^(\d{4})(\d{2})(\d{2})$/

/** Milliseconds since 1970; null: never; NaN: not a date. A date without a time is valid until that day ends. */
export function parseExpiry(text: string): number | null {
  const trimmed = text.trim()
  if (NEVER.has(trimmed.toLowerCase())) return null
  const [, year, month, day, hour, minute, second, zone] = DATE.exec(trimmed) ?? COMPACT.exec(trimmed) ?? []
  if (year === undefined) return Number.NaN
  const date = Date.UTC(Number(year), Number(month) - 1, Number(day))
  const clock = { hour: Number(hour ?? 0), minute: Number(minute ?? 0), second: Number(second ?? 0) }
  const real = new Date(date).getUTCDate() === Number(day) && new Date(date).getUTCMonth() === Number(month) - 1
  if (!real || clock.hour > 23 || clock.minute > 59 || clock.second > 59) return Number.NaN
  if (hour === undefined) return date + DAY_MS - FILE_ZONE_OFFSET_MINUTES * MINUTE_MS
  return date + ((clock.hour * 60 + clock.minute) * 60 + clock.second) * 1_000 - offsetMinutes(zone) * MINUTE_MS
}

function offsetMinutes(zone: string | undefined): number {
  if (zone === undefined) return FILE_ZONE_OFFSET_MINUTES
  if (zone.toUpperCase() === 'Z') return 0
  const digits = zone.replace(':', '')
  return (digits.startsWith('-') ? -1 : 1) * (Number(digits.slice(1, 3)) * 60 + Number(digits.slice(3, 5)))
}
