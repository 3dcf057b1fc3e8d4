import { invalid } from '../../../kit/errors.ts'
import type { OutboundHttp } from '../../../kit/outbound-http.ts'
import type { CallbackResult, SupplierAdapter, SupplierClient } from '../../contract.ts'
import { balanceAt } from '../wire/amount.ts'
import { baseUrlOf, configSchema, credential, setting, textOf, textOr } from '../wire/config.ts'
import { sameText } from '../wire/digest.ts'
import { listAt, parseWire, textAt, withoutMark } from '../wire/json.ts'
import { answerText, badCallback, CANNOT_CANCEL, events } from '../wire/verdict.ts'
import { type Connection, call } from './client.ts'
import { OK } from './codes.ts'
import { place, query, readProduct, toProduct } from './orders.ts'
import { signText } from './sign.ts'

const GATEWAY = 'https://openapi.fulu.com/api/getway'
const SECRET_BYTES = 32

const asSent = (text: string): string => text.replace(/,\s*"sign"\s*:\s*"[^"]*"|"sign"\s*:\s*"[^"]*"\s*,/, '')

/** Signed is JSON with its slashes and characters as they are; sent may be JSON that escapes them. */
function asSigned(text: string): string {
  const { sign: _, ...fields } = JSON.parse(withoutMark(text))
  return JSON.stringify(fields)
}

/** The signature holds for every permutation of the body, so nothing in it may be believed: it is a reason to ask. */
function parseWebhook({ appSecret, callbackAnswer }: Connection, rawBody: Buffer): CallbackResult {
  const text = rawBody.toString('utf8')
  const body = parseWire(text)
  const sign = textAt(body, 'sign')
  const reference = textAt(body, 'customer_order_no')
  if (sign === null || reference === null) return badCallback('it has no signature or no order number')
  if (![asSent(text), asSigned(text)].some(each => sameText(sign, signText(each, appSecret)))) return badCallback('the signature is wrong')
  return events(answerText(callbackAnswer), { kind: 'order_changed', reference, upstreamId: null })
}

function connect(config: Readonly<Record<string, unknown>>, http: OutboundHttp): SupplierClient {
  const connection: Connection = {
    url: baseUrlOf(config, 'baseUrl', GATEWAY),
    appKey: textOf(config, 'appKey'),
    appSecret: textOf(config, 'appSecret'),
    callbackAnswer: textOr(config, 'callbackAnswer', 'success'),
    currency: 'CNY',
    http
  }
  if (Buffer.byteLength(connection.appSecret) !== SECRET_BYTES)
    throw invalid('/config/appSecret', 'must have 32 characters: it is also the key of the cards')
  const balance: SupplierClient['balance'] = async () => {
    const answer = await call(connection, 'user.info.get', {})
    const amount = answer.kind === 'json' && answer.code === OK ? balanceAt(answer.result, 'balance') : null
    return amount === null ? null : { amount, currency: connection.currency }
  }
  return {
    ping: async () => ((await balance()) === null ? { ok: false, detail: 'its balance cannot be read' } : { ok: true, detail: 'ok' }),
    balance,
    listProducts: async () => {
      const answer = await call(connection, 'goods.list.get', {})
      const rows = answer.kind === 'json' && answer.code === OK ? listAt(answer.result) : null
      return rows === null ? null : { products: rows.flatMap(row => toProduct(row, connection.currency) ?? []), nextCursor: null }
    },
    checkStock: async code => (await readProduct(connection, code))?.stock ?? null,
    quote: async code => (await readProduct(connection, code)) ?? null,
    place: request => place(connection, request),
    query: ({ reference }) => query(connection, reference),
    cancel: async () => CANNOT_CANCEL,
    parseWebhook: (_headers, rawBody) => parseWebhook(connection, rawBody)
  }
}

export const fulu: SupplierAdapter = {
  name: 'fulu',
  title: '福禄 Fulu',
  capabilities: {
    issuance: 'async',
    callback: true,
    cancel: false,
    listProducts: true,
    priceGuard: false,
    queryByReference: true,
    idempotentPlace: false,
    cards: true,
    topUps: true,
    maxQuantity: 100,
    referenceMaxLength: 50,
    cardKinds: ['text', 'image', 'link'],
    // "Not found" for 120 minutes is for people to decide, so review comes before the quiet time ends.
    quietTimeMs: 10_800_000,
    reviewAfterMs: 7_200_000,
    rateLimit: null
  },
  configSchema: configSchema(
    {
      baseUrl: setting(`The gateway. Default: \`${GATEWAY}\`.`),
      appKey: setting('The app key.'),
      appSecret: credential('The app secret, 32 characters.'),
      callbackAnswer: setting('What a callback is answered with. Default: `success`.')
    },
    ['baseUrl', 'callbackAnswer']
  ),
  connect
}
