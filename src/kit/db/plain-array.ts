/**
 * An array of ids, numbers and words, as PostgreSQL writes it. They need no quoting, and joining them costs a tenth of what the
 * driver's escaping does. Never for text that came from outside.
 */
export const plainArray = (items: readonly (string | bigint | number | null)[]): string => `{${items.map(item => item ?? 'NULL').join(',')}}`
