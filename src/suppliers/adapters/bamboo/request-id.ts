/** Bamboo wants a GUID for each order; ours are letters and digits. A number in another base: the same one both ways. */

export const REFERENCE_LENGTH = 24
const GUID_DIGITS = 32
const PARTS = /^(.{8})(.{4})(.{4})(.{4})(.{12})$/
const GUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** Of 0-9 and a-z, at most `REFERENCE_LENGTH` of them: that is less than 128 bits. */
export function toRequestId(reference: string): string {
  let value = 0n
  for (const digit of reference) value = value * 36n + BigInt(Number.parseInt(digit, 36))
  return value.toString(16).padStart(GUID_DIGITS, '0').replace(PARTS, '$1-$2-$3-$4-$5')
}

/** Null: not a GUID. */
export const toReference = (requestId: string): string | null =>
  GUID.test(requestId)
    ? BigInt(`0x${requestId.replaceAll('-', '')}`)
        .toString(36)
        .padStart(REFERENCE_LENGTH, '0')
    : null
