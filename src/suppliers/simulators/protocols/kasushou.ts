/** 卡速售 v2: one code for "no", reasons in words, cards only at the query, and callbacks that do not sign the cards. */
import { randomBytes } from 'node:crypto'
import { formatAmount } from '../../../kit/money.ts'
import { callbackSignatures, noticeSignature, signBody, toBody } from '../../adapters/kasushou/sign.ts'
import {
  amountOf,
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

const REFUSALS: Readonly<Record<SaleRefusal, string>> = {
  no_product: '商品不存在或已下架',
  out_of_stock: '商品库存不足',
  price: '商品价格高于安全价格',
  no_funds: '余额不足，请充值'
}
const STATES = { pending: 2, done: 3, failed: 4, cancelled: 5 } as const

const succeed = (data: unknown): SimReply => json({ code: 200, msg: '成功', data })
const refuse = (msg: string): SimReply => json({ code: 400, msg, data: [] })
const keyOf = ({ config }: Desk): string => config['apiKey'] ?? ''

const toProduct = ({ code, name, price, stock, onSale }: SimProduct): object => ({
  id: Number(code),
  goods_name: name,
  goods_type: 1,
  face_value: formatAmount(price),
  goods_price: formatAmount(price),
  status: onSale ? 1 : 2,
  stock_num: stock
})

const toCards = (sale: Sale): object[] =>
  sale.state === 'done' ? sale.cards.map(card => ({ card_no: card.number ?? '', card_password: card.secret })) : []

const toOrder = (sale: Sale): object => ({
  ordersn: sale.upstreamId,
  external_orderno: sale.reference,
  recharge_info: sale.input === null ? [] : [{ n: '充值账号', v: 'x', k: 'recharge_account' }],
  recharge_hints: '',
  status: STATES[sale.state],
  total_price: formatAmount(sale.unitPrice * BigInt(sale.quantity)),
  has_back_money: sale.state === 'failed' ? formatAmount(sale.unitPrice * BigInt(sale.quantity)) : '0.00',
  card_list: sale.input === null ? toCards(sale) : []
})

function buy(fields: Readonly<Record<string, unknown>>, { shop, fault }: Desk): SimReply {
  const result = shop.sell(
    {
      reference: textOf(fields['external_orderno']),
      product: textOf(fields['id']),
      quantity: Number(textOf(fields['quantity'])),
      maxUnitPrice: amountOf(fields['safe_price']),
      input: fields['attach'] ?? null,
      notifyUrl: textOf(fields['url']) || null
    },
    fault
  )
  if (result.kind === 'refused') return refuse(REFUSALS[result.why])
  if (result.kind === 'known') return refuse('三方订单号已存在')
  const { upstreamId, reference, unitPrice, quantity } = result.sale
  return succeed({ ordersn: upstreamId, external_orderno: reference, total_price: formatAmount(unitPrice * BigInt(quantity)) })
}

function run(path: string, fields: Readonly<Record<string, unknown>>, desk: Desk): SimReply {
  const { shop, hidden } = desk
  switch (path) {
    case '/api/v1/user/info':
      return succeed({ balance: formatAmount(shop.balance) })
    case '/api/v1/goods/list':
      return succeed({ list: [...shop.products.values()].map(toProduct), total: shop.products.size })
    case '/api/v1/goods/info': {
      const product = shop.products.get(textOf(fields['id']))
      return product === undefined ? refuse(REFUSALS.no_product) : succeed(toProduct(product))
    }
    case '/api/v1/order/buy':
      return buy(fields, desk)
    case '/api/v1/order/info': {
      const sale = hidden ? null : shop.find(textOf(fields['external_orderno']))
      return succeed(sale === null ? [] : [toOrder(sale)])
    }
    default:
      return { status: 404, contentType: 'text/html', body: '<html>404</html>' }
  }
}

function answer({ path, headers, body }: SimRequest, desk: Desk): SimReply {
  const fields = readBody(body)
  if (headers['userid'] !== desk.config['userId']) return refuse('用户不存在')
  if (headers['sign'] !== signBody(headers['timestamp'] ?? '', toBody(fields), keyOf(desk))) return refuse('签名错误')
  return run(path, fields, desk)
}

function orderCallback(sale: Sale, desk: Desk, variant: CallbackVariant): Callback {
  const event = {
    external_orderno: sale.reference,
    ordersn: sale.upstreamId,
    status: String(STATES[sale.state]),
    total_price: formatAmount(sale.unitPrice * BigInt(sale.quantity)),
    has_back_money: '0.00',
    recharge_hints: '订单处理完成/期待您的下次光临',
    time: String(Date.now())
  }
  const [, sign] = callbackSignatures(event, variant === 'forged' ? 'not the key' : keyOf(desk))
  const cards = variant === 'tampered' ? [{ card_no: '', card_password: 'STOLEN-CARD-0001' }] : toCards(sale)
  return { headers: {}, query: {}, body: JSON.stringify({ ...event, sign, card_list: cards }) }
}

function productCallback({ code, price, stock }: SimProduct, desk: Desk, variant: CallbackVariant): Callback {
  const time = String(Date.now())
  const sign = noticeSignature(code, time, variant === 'forged' ? 'not the key' : keyOf(desk))
  const notice = { id: code, status: '1', goods_price: formatAmount(price), stock_num: String(stock), time, sign }
  return { headers: { 'content-type': 'application/x-www-form-urlencoded' }, query: {}, body: new URLSearchParams(notice).toString() }
}

export const kasushouProtocol: SimProtocol = {
  name: 'kasushou',
  mint: origin => ({ baseUrl: origin, userId: randomBytes(12).toString('hex'), apiKey: randomBytes(16).toString('hex') }),
  operation: ({ path }) => (path.endsWith('/order/buy') ? 'place' : path.endsWith('/order/info') ? 'query' : 'other'),
  answer,
  unknownCode: () => json({ code: 500, msg: '未知错误', data: null }),
  throttled: () => refuse('请求过于频繁，请稍后再试'),
  orderCallback,
  productCallback
}
