import { invalid } from './errors.ts'

/** A time of the wire, whose form its schema has checked. The form allows a leap second; JavaScript's dates do not. Throws: `validation_failed`. */
export function parseTime(text: string, pointer: string): Date {
  const time = new Date(text)
  if (Number.isNaN(time.getTime())) throw invalid(pointer, 'is not a moment')
  return time
}
