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
/** Followers of a feed send one cursor again and again, and get one again and again; sealing costs more than all the rest of their request. */
const REMEMBERED_MAX = 10_000

/** A key given as bytes would be set up anew for every seal, which costs six times the seal itself. */
export function createCursorCodec(key: KeyObject): CursorCodec {
  const mac = (scope: string, payload: string): Buffer =>
    createHmac('sha256', key).update(scope).update('\0').update(payload).digest().subarray(0, MAC_BYTES)
  const opened = new Map<string, CursorValues>()
  const sealed = new Map<string, string>()
  const seal = (scope: string, json: string): string => {
    const payload = Buffer.from(json).toString('base64url')
    return `${payload}.${mac(scope, payload).toString('base64url')}`
  }
  return {
    encode: (scope, values) => {
      const json = JSON.stringify(values)
      const name = `${scope}\0${json}`
      return sealed.get(name) ?? remember(sealed, name, seal(scope, json))
    },
    decode: (scope, text) => {
      const name = `${scope}\0${text}`
      const known = opened.get(name)
      if (known !== undefined) return known
      const [payload = '', seal = '', ...rest] = text.split('.')
      const given = Buffer.from(seal, 'base64url')
      const genuine = rest.length === 0 && given.length === MAC_BYTES && timingSafeEqual(given, mac(scope, payload))
      if (!genuine) throw invalid('/query/cursor', 'is not a cursor of this list')
      return remember(opened, name, JSON.parse(Buffer.from(payload, 'base64url').toString()) as CursorValues)
    }
  }
}

function remember<V>(known: Map<string, V>, name: string, value: V): V {
  known.set(name, value)
  const [oldest] = known.keys()
  if (known.size > REMEMBERED_MAX && oldest !== undefined) known.delete(oldest)
  return value
}
