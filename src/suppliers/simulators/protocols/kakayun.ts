/** 卡卡云 v3: signed fields, code 9999 for "nobody knows", pushes about products. */
import { randomBytes } from 'node:crypto'
import { formatAmount } from '../../../kit/money.ts'
import { signFields } from '../../adapters/kakayun/sign.ts'
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
  no_product: '商品不存在',
  out_of_stock: '库存不足',
  price: '订单金额高于最大进货价',
  no_funds: '余额不足，请先充值'
}
const STATES = { pending: 3, done: 5, failed: 4, cancelled: 4 } as const

const succeed = (data: unknown): SimReply => json({ code: 1, msg: 'ok', data })
const refuse = (msg: string): SimReply => json({ code: 0, msg, data: {} })
const keyOf = ({ config }: Desk): string => config['key'] ?? ''

const toProduct = ({ code, name, price, stock, onSale }: SimProduct) => ({
  goodsid: Number(code),
  goodsname: name,
  goodsprice: formatAmount(price),
  goodsstock: stock,
  goodsstatus: onSale ? 1 : 2,
  goodstype: 1
})

function create(fields: Readonly<Record<string, unknown>>, { shop, fault }: Desk): SimReply {
  const result = shop.sell(
    {
      reference: textOf(fields['usorderno']),
      product: textOf(fields['goodsid']),
      quantity: Number(textOf(fields['buynum'])),
      maxTotal: amountOf(fields['maxmoney']),
      input: textOf(fields['attach']) || null
    },
    fault
  )
  if (result.kind === 'refused') return refuse(REFUSALS[result.why])
  if (result.kind === 'known') return refuse('usorderno已存在')
  return succeed({ orderno: result.sale.upstreamId, usorderno: result.sale.reference })
}

const toOrder = (sale: Sale): object => ({
  orderno: sale.upstreamId,
  usorderno: sale.reference,
  status: STATES[sale.state],
  money: Number(formatAmount(sale.unitPrice * BigInt(sale.quantity))),
  receipt: '',
  refundstatus: 0,
  cardlist: sale.state === 'done' && sale.input === null ? sale.cards.map(card => ({ card_no: card.number ?? '', card_pwd: card.secret })) : []
})

function run(path: string, fields: Readonly<Record<string, unknown>>, desk: Desk): SimReply {
  const { shop, hidden } = desk
  switch (path) {
    case '/dockapiv3/user/info':
      return { ...succeed(null), body: `{"code":1,"msg":"ok","data":{"money":${formatAmount(shop.balance)}}}` }
    case '/dockapiv3/goods/all':
      return succeed([...shop.products.values()].map(toProduct))
    case '/dockapiv3/goods/details': {
      const product = shop.products.get(textOf(fields['goodsid']))
      return product === undefined ? refuse(REFUSALS.no_product) : succeed(toProduct(product))
    }
    case '/dockapiv3/order/create':
      return create(fields, desk)
    case '/dockapiv3/order/get': {
      const sale = hidden ? null : shop.find(textOf(fields['usorderno']))
      return sale === null ? refuse('订单不存在') : succeed(toOrder(sale))
    }
    default:
      return { status: 404, contentType: 'text/html', body: '<html>404</html>' }
  }
}

function answer({ path, body }: SimRequest, desk: Desk): SimReply {
  const fields = readBody(body)
  const signed = Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, textOf(value)]))
  const good = fields['userid'] === desk.config['userId'] && fields['sign'] === signFields(signed, keyOf(desk))
  return good ? run(path, fields, desk) : refuse('签名错误')
}

function productCallback(product: SimProduct, desk: Desk, variant: CallbackVariant): Callback {
  const now = Math.floor(Date.now() / 1000)
  const fields = { ...toProduct(product), update_time: now, timestamp: now }
  return { headers: {}, query: {}, body: JSON.stringify({ ...fields, sign: signFields(fields, variant === 'forged' ? 'not the key' : keyOf(desk)) }) }
}

export const kakayunProtocol: SimProtocol = {
  name: 'kakayun',
  mint: origin => ({ baseUrl: origin, userId: '10052', key: randomBytes(16).toString('hex') }),
  operation: ({ path }) => (path.endsWith('/order/create') ? 'place' : path.endsWith('/order/get') ? 'query' : 'other'),
  answer,
  unknownCode: () => json({ code: 9999, msg: '余额不足，订单结果未知', data: {} }),
  throttled: () => refuse('请求过于频繁'),
  orderCallback: () => null,
  productCallback
}
