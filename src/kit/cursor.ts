/**
 * Cursors of lists: opaque, and sealed with a key, so that a forged one, or one of another list or another caller, is refused.
 */
import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto'
import { invalid } from './errors.ts'

/** A cursor's content: the sort key of the last row that was sent. */
export type CursorValues = readonly (string | number)[]

export interface CursorCodec {
  /** `scope` names the list and the caller, such as `orders:<reseller id>`. */
  encode(scope: string, values: CursorValues): string
  /** Throws `validation_failed` at `/query/cursor`. */
  decode(scope: string, text: string): CursorValues
}

const MAC_BYTES = 9
/** Followers of a feed send one cursor again and again; checking its seal costs more than all the rest of their request. */
const REMEMBERED_MAX = 10_000

/** A key given as bytes would be set up anew for every seal, which costs six times the seal itself. */
export function createCursorCodec(key: KeyObject): CursorCodec {
  const mac = (scope: string, payload: string): Buffer =>
    createHmac('sha256', key).update(scope).update('\0').update(payload).digest().subarray(0, MAC_BYTES)
  const remembered = new Map<string, CursorValues>()
  const remember = (name: string, values: CursorValues): CursorValues => {
    remembered.set(name, values)
    const [oldest] = remembered.keys()
    if (remembered.size > REMEMBERED_MAX && oldest !== undefined) remembered.delete(oldest)
    return values
  }
  return {
    encode: (scope, values) => {
      const payload = Buffer.from(JSON.stringify(values)).toString('base64url')
      return `${payload}.${mac(scope, payload).toString('base64url')}`
    },
    decode: (scope, text) => {
      const name = `${scope}\0${text}`
      const known = remembered.get(name)
      if (known !== undefined) return known
      const [payload = '', seal = '', ...rest] = text.split('.')
      const given = Buffer.from(seal, 'base64url')
      const sealed = rest.length === 0 && given.length === MAC_BYTES && timingSafeEqual(given, mac(scope, payload))
      if (!sealed) throw invalid('/query/cursor', 'is not a cursor of this list')
      return remember(name, JSON.parse(Buffer.from(payload, 'base64url').toString()) as CursorValues)
    }
  }
}
