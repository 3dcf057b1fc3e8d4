/**
 * The keys that the bench stocks. Each carries a serial number and a check value, so that whoever gets one can tell whether it is
 * whole, and millions of deliveries are checked for doubles with a bit each.
 */
const PREFIX = 'KB'
const SERIAL_DIGITS = 9

/** Not a secret, only a proof that no byte was lost. */
const checkOf = (serial: number): string => (Math.imul(serial, 2_654_435_761) >>> 0).toString(36).toUpperCase().padStart(7, '0')

/** For example `KB000000017-1DQ2XYZ`. */
const cardText = (serial: number): string => `${PREFIX}${serial.toString().padStart(SERIAL_DIGITS, '0')}-${checkOf(serial)}`

/** The serial number, or -1 if the text is no card of ours. */
export function serialOf(text: string): number {
  const serial = Number(text.slice(PREFIX.length, PREFIX.length + SERIAL_DIGITS))
  return Number.isInteger(serial) && text === cardText(serial) ? serial : -1
}

/** One key a line, `count` of them from `first`. */
export function cardLines(first: number, count: number): string {
  const lines = new Array<string>(count)
  for (let index = 0; index < count; index++) lines[index] = cardText(first + index)
  return `${lines.join('\n')}\n`
}
