/** Standard Webhooks, as another kahub sends them. */
import type { CallbackResult } from '../../contract.ts'
import { hmacSha256, isRecent, sameText } from '../wire/digest.ts'
import { parseWire, textAt } from '../wire/json.ts'
import { answerText, badCallback, events } from '../wire/verdict.ts'

const PREFIX = 'whsec_'

export const signatureOf = (secret: string, signed: string): string => {
  const key = Buffer.from(secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : secret, 'base64')
  return `v1,${hmacSha256(key, signed).toString('base64')}`
}

/** Payloads are thin: an order is asked for, a price is read again. */
export function parseStandardWebhook(secret: string, headers: Readonly<Record<string, string>>, rawBody: Buffer): CallbackResult {
  const { 'webhook-id': id = '', 'webhook-timestamp': time = '', 'webhook-signature': signatures = '' } = headers
  const text = rawBody.toString('utf8')
  const expected = signatureOf(secret, `${id}.${time}.${text}`)
  // While a secret is rotated there are two signatures.
  if (!signatures.split(' ').some(each => sameText(each, expected))) return badCallback('the signature is wrong')
  if (!isRecent(Number(time) * 1000)) return badCallback('too old')
  const body = parseWire(text)
  const type = textAt(body, 'type') ?? ''
  const accepted = answerText('', 204)
  const [reference, upstreamId, code] = [['reference'], ['orderId'], ['skuId']].map(([name = '']) => textAt(body, 'data', name))
  if (type.startsWith('order.') && (reference != null || upstreamId != null))
    return events(accepted, { kind: 'order_changed', reference: reference ?? null, upstreamId: upstreamId ?? null })
  const isProduct = /^(stock|price)\./.test(type) && code != null
  return isProduct ? events(accepted, { kind: 'product_changed', code, unitCost: null, stock: null, onSale: null }) : events(accepted)
}
