/** 卡速售: sha1 over time, sorted JSON and key. */
import { sha1Hex } from '../wire/digest.ts'

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null && !Array.isArray(value)

/** Objects within too: some servers sort them, and to the others they are as they came. */
const sorted = (fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(fields)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => [name, isObject(value) ? sorted(value) : value])
  )

/** The body to send: sorted by name, because the server signs it sorted. */
export const toBody = (fields: Readonly<Record<string, unknown>>): string => JSON.stringify(sorted(fields))

export const signBody = (time: string, body: string, key: string): string => sha1Hex(`${time}${body}${key}`)

/** What the cards and parcels say is not signed. */
const UNSIGNED = ['sign', 'card_list', 'express_list']

const escapeSlashes = (json: string): string => json.replaceAll('/', '\\/')
const escapeWords = (json: string): string => json.replaceAll(/[\u0080-\uffff]/g, each => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`)

/** How the JSON of a callback is written is not documented in full: in this order or sorted, and as PHP escapes it. All mean the same fields. */
export function callbackSignatures(fields: Readonly<Record<string, unknown>>, key: string): readonly string[] {
  const signed = Object.fromEntries(Object.entries(fields).filter(([name]) => !UNSIGNED.includes(name)))
  const time = String(fields['time'])
  return [toBody(signed), JSON.stringify(signed)]
    .flatMap(body => [body, escapeSlashes(body), escapeWords(body), escapeSlashes(escapeWords(body))])
    .map(each => signBody(time, each, key))
}

/** Of a product notice only the id and the time are signed: its price and stock may be anybody's. */
export const noticeSignature = (id: unknown, time: unknown, key: string): string => signBody(String(time), JSON.stringify({ id, time }), key)
