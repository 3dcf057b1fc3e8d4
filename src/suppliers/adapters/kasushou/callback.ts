import type { CallbackResult } from '../../contract.ts'
import { sameText } from '../wire/digest.ts'
import { answerText, badCallback, events } from '../wire/verdict.ts'
import { callbackSignatures, noticeSignature } from './sign.ts'

/** JSON or a form; with the types that were sent, because they are signed. */
function readFields(text: string): Readonly<Record<string, unknown>> {
  if (!text.trimStart().startsWith('{')) return Object.fromEntries(new URLSearchParams(text))
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}

const textIn = (value: unknown): string | null =>
  typeof value === 'string' && value !== '' ? value : typeof value === 'number' ? String(value) : null

export function parseCallback(rawBody: Buffer, key: string): CallbackResult {
  const fields = readFields(rawBody.toString('utf8'))
  const sign = textIn(fields['sign'])
  if (sign === null || textIn(fields['time']) === null) return badCallback('it has no signature')
  const reference = textIn(fields['external_orderno'])
  const upstreamId = textIn(fields['ordersn'])
  if (reference !== null || upstreamId !== null) {
    if (!callbackSignatures(fields, key).some(each => sameText(sign, each))) return badCallback('the signature is wrong')
    return events(answerText('ok'), { kind: 'order_changed', reference, upstreamId })
  }
  const code = textIn(fields['id'])
  if (code === null) return badCallback('neither an order nor a product')
  if (!sameText(sign, noticeSignature(fields['id'], fields['time'], key))) return badCallback('the signature is wrong')
  return events(answerText('ok'), { kind: 'product_changed', code, unitCost: null, stock: null, onSale: null })
}
