/** 福禄 Fulu open platform: one gateway, permutation-proof signatures, AES cards, never a card in the answer to an order. */
import { createCipheriv, randomBytes } from 'node:crypto'
import { formatAmount } from '../../../kit/money.ts'
import { fromBeijingTime, signText, toBeijingTime } from '../../adapters/fulu/sign.ts'
import {
  type Callback,
  type CallbackVariant,
  type Desk,
  json,
  readBody,
  type SimProtocol,
  type SimReply,
  type SimRequest,
  textOf
} from '../protocol.ts'
import type { Sale, SaleRefusal, SimProduct } from '../shop.ts'

const CLOCK_SKEW_MAX_MS = 600_000
/** For "no money" Fulu documents no code: 4008 says that the order could not be added. */
const REFUSALS: Readonly<Record<SaleRefusal, number>> = { no_product: 3000, out_of_stock: 3005, price: 4008, no_funds: 4008 }

const secretOf = ({ config }: Desk): string => config['appSecret'] ?? ''
const refuse = (code: number): SimReply => json({ code, message: `错误 ${code}`, result: '', sign: '' })

function succeed(value: unknown, desk: Desk): SimReply {
  const result = JSON.stringify(value)
  return json({ code: 0, message: '接口调用成功', result, sign: signText(result, secretOf(desk)) })
}

const encrypt = (text: string, secret: string): string => {
  const cipher = createCipheriv('aes-256-ecb', Buffer.from(secret, 'utf8'), null)
  return Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]).toString('base64')
}

const STATES = { pending: 'processing', done: 'success', failed: 'failed', cancelled: 'failed' } as const

const toCards = (sale: Sale, secret: string): object[] =>
  sale.cards.map(card => ({
    card_number: card.number === null ? '' : encrypt(card.number, secret),
    card_pwd: encrypt(card.secret, secret),
    card_type: 0,
    card_deadline: '2030-01-02 03:04:05'
  }))

const toOrder = (sale: Sale, secret: string, withCards: boolean): object => ({
  order_id: sale.upstreamId,
  customer_order_no: sale.reference,
  product_id: Number(sale.product.code),
  product_name: sale.product.name,
  buy_num: sale.quantity,
  order_price: Number(formatAmount(sale.unitPrice)),
  order_type: sale.input === null ? 3 : 4,
  order_state: withCards ? STATES[sale.state] : 'untreated',
  create_time: toBeijingTime(sale.at.getTime()),
  ...(withCards && sale.state === 'done' && sale.input === null ? { cards: toCards(sale, secret) } : {})
})

const toProduct = ({ code, name, price, stock, onSale }: SimProduct): object => ({
  product_id: Number(code),
  product_name: name,
  product_type: '卡密',
  face_value: Number(formatAmount(price)),
  purchase_price: Number(formatAmount(price)),
  sales_status: onSale ? '上架' : '下架',
  stock_status: stock > 0 ? '充足' : '断货'
})

function placeOrder(method: string, biz: Readonly<Record<string, unknown>>, desk: Desk): SimReply {
  const { product_id: product, buy_num: quantity, customer_order_no: reference, ...rest } = biz
  if (textOf(reference) === '') return refuse(4000)
  const input = method === 'order.card.add' ? null : rest
  const result = desk.shop.sell({ reference: textOf(reference), product: textOf(product), quantity: Number(textOf(quantity)), input }, desk.fault)
  if (result.kind === 'refused') return refuse(REFUSALS[result.why])
  return result.kind === 'known' ? refuse(4010) : succeed(toOrder(result.sale, secretOf(desk), false), desk)
}

function run(method: string, biz: Readonly<Record<string, unknown>>, desk: Desk): SimReply {
  const { shop, hidden } = desk
  switch (method) {
    case 'user.info.get':
      return json({ code: 0, ...signed(`{"name":"sim","balance":${formatAmount(shop.balance)},"is_open":1}`, desk) })
    case 'goods.list.get':
      return succeed([...shop.products.values()].map(toProduct), desk)
    case 'goods.info.get': {
      const product = shop.products.get(textOf(biz['product_id']))
      return product === undefined ? refuse(3000) : succeed(toProduct(product), desk)
    }
    case 'order.card.add':
    case 'order.direct.add':
      return placeOrder(method, biz, desk)
    case 'order.info.get': {
      const sale = hidden ? null : shop.find(textOf(biz['customer_order_no']))
      return sale === null ? refuse(4011) : succeed(toOrder(sale, secretOf(desk), true), desk)
    }
    default:
      return refuse(1000)
  }
}

const signed = (result: string, desk: Desk): object => ({ message: '接口调用成功', result, sign: signText(result, secretOf(desk)) })

function answer({ body }: SimRequest, desk: Desk): SimReply {
  const { sign, ...fields } = readBody(body)
  if (fields['app_key'] !== desk.config['appKey']) return refuse(1002)
  const time = fromBeijingTime(textOf(fields['timestamp']))
  if (time === null || Math.abs(Date.now() - time.getTime()) > CLOCK_SKEW_MAX_MS) return refuse(1004)
  if (sign !== signText(JSON.stringify(fields), secretOf(desk))) return refuse(1016)
  return run(textOf(fields['method']).replace(/^fulu\./, ''), readBody(textOf(fields['biz_content'])), desk)
}

function orderCallback(sale: Sale, desk: Desk, variant: CallbackVariant): Callback {
  const event = {
    order_id: sale.upstreamId,
    charge_finish_time: toBeijingTime(Date.now()),
    customer_order_no: sale.reference,
    order_status: STATES[sale.state],
    product_id: sale.product.code,
    price: formatAmount(sale.unitPrice),
    buy_num: String(sale.quantity)
  }
  const sign = signText(JSON.stringify(event), variant === 'forged' ? 'not the secret' : secretOf(desk))
  // Another order's number from the same characters: the signature holds.
  const shown = variant === 'tampered' ? { ...event, customer_order_no: [...sale.reference].reverse().join('') } : event
  return { headers: {}, query: {}, body: JSON.stringify({ ...shown, sign }) }
}

export const fuluProtocol: SimProtocol = {
  name: 'fulu',
  mint: origin => ({ baseUrl: `${origin}/api/getway`, appKey: randomBytes(12).toString('hex'), appSecret: randomBytes(16).toString('hex') }),
  operation: ({ body }) => {
    const method = textOf(readBody(body)['method'])
    return method.endsWith('.add') ? 'place' : method === 'fulu.order.info.get' ? 'query' : 'other'
  },
  answer,
  unknownCode: () => refuse(4012),
  throttled: () => refuse(5000),
  orderCallback,
  productCallback: () => null
}
