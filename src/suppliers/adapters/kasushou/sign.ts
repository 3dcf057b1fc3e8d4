/** 卡速售: sha1 over time, sorted JSON and key. */
import { sha1Hex } from '../wire/digest.ts'

const sorted = (fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1)))

/** The body to send: sorted by name, because the server signs it sorted. */
export const toBody = (fields: Readonly<Record<string, unknown>>): string => JSON.stringify(sorted(fields))

export const signBody = (time: string, body: string, key: string): string => sha1Hex(`${time}${body}${key}`)

/** What the cards and parcels say is not signed. */
const UNSIGNED = ['sign', 'card_list', 'express_list']

/** PHP escapes slashes in callbacks and not in requests; both are right here. */
export function callbackSignatures(fields: Readonly<Record<string, unknown>>, key: string): readonly string[] {
  const body = toBody(Object.fromEntries(Object.entries(fields).filter(([name]) => !UNSIGNED.includes(name))))
  const time = String(fields['time'])
  return [body, body.replaceAll('/', '\\/')].map(each => signBody(time, each, key))
}

/** Of a product notice only the id and the time are signed: its price and stock may be anybody's. */
export const noticeSignature = (id: unknown, time: unknown, key: string): string => signBody(String(time), JSON.stringify({ id, time }), key)
