/** 卡易信 v3: headers sign the exact body; cards come with the answer, or later. */
import { randomBytes } from 'node:crypto'
import { formatAmount } from '../../../kit/money.ts'
import { signBody } from '../../adapters/kayixin/sign.ts'
import { amountOf, type Desk, json, readBody, type SimProtocol, type SimReply, type SimRequest, textOf } from '../protocol.ts'
import type { Sale, SaleRefusal, SimProduct } from '../shop.ts'

const REFUSALS: Readonly<Record<SaleRefusal, readonly [number, string]>> = {
  no_product: [2404, '商品不存在'],
  out_of_stock: [2400, '商品库存不足'],
  price: [2400, '商品价格高于安全价'],
  no_funds: [2400, '账户余额不足']
}
const STATES = { pending: 1, done: 3, failed: 4, cancelled: 5 } as const

const succeed = (data: unknown): SimReply => json({ code: 1000, msg: 'success', data })
const refuse = ([code, msg]: readonly [number, string]): SimReply => json({ code, msg, data: null })

const toProduct = ({ code, name, price, stock, onSale }: SimProduct): object => ({
  goodsId: Number(code),
  name,
  goodsType: 1,
  salesPrice: Number(formatAmount(price)),
  status: onSale ? 1 : 2,
  stockCount: stock,
  skuType: 0
})

const cardsOf = (sale: Sale): object[] => (sale.state === 'done' ? sale.cards.map(card => ({ cardNo: card.number ?? '', cardPwd: card.secret })) : [])

function create(fields: Readonly<Record<string, unknown>>, { shop, fault }: Desk): SimReply {
  const result = shop.sell(
    {
      reference: textOf(fields['outerNumber']),
      product: textOf(fields['goodsId']),
      quantity: Number(textOf(fields['count'])),
      maxTotal: amountOf(fields['safePrice']),
      input: fields['attach'] ?? null
    },
    fault
  )
  if (result.kind === 'refused') return refuse(REFUSALS[result.why])
  if (result.kind === 'known') return refuse([2400, '外部订单号已存在'])
  return succeed({ orderNumber: result.sale.upstreamId, cards: cardsOf(result.sale) })
}

const toOrder = (sale: Sale): object => ({
  orderNumber: sale.upstreamId,
  outerNumber: sale.reference,
  status: STATES[sale.state],
  money: Number(formatAmount(sale.unitPrice * BigInt(sale.quantity))),
  result: '',
  cards: cardsOf(sale)
})

function run(path: string, fields: Readonly<Record<string, unknown>>, desk: Desk): SimReply {
  const { shop, hidden } = desk
  switch (path) {
    case '/api/v3/user/getAccount':
      return { ...succeed(null), body: `{"code":1000,"msg":"success","data":{"balance":${formatAmount(shop.balance)}}}` }
    case '/api/v3/goods/getList':
      return succeed({ list: [...shop.products.values()].map(toProduct), allPage: 1 })
    case '/api/v3/goods/getDetail': {
      const product = shop.products.get(textOf(fields['goodsId']))
      return product === undefined ? refuse(REFUSALS.no_product) : succeed(toProduct(product))
    }
    case '/api/v3/order/create':
      return create(fields, desk)
    case '/api/v3/order/getDetail': {
      const sale = hidden ? null : shop.find(textOf(fields['outerNumber']))
      return sale === null ? refuse([2404, '订单不存在']) : succeed(toOrder(sale))
    }
    default:
      return { status: 404, contentType: 'text/html', body: '<html>404</html>' }
  }
}

function answer({ path, headers, body }: SimRequest, desk: Desk): SimReply {
  const signer = { appId: desk.config['appId'] ?? '', appSecret: desk.config['appSecret'] ?? '' }
  const good = headers['x-app-id'] === signer.appId && headers['x-signature'] === signBody(signer, headers['x-timestamp'] ?? '', body)
  return good ? run(path, readBody(body), desk) : refuse([2401, '签名错误'])
}

export const kayixinProtocol: SimProtocol = {
  name: 'kayixin',
  mint: origin => ({ baseUrl: origin, appId: randomBytes(8).toString('hex'), appSecret: randomBytes(16).toString('hex') }),
  operation: ({ path }) => (path.endsWith('/order/create') ? 'place' : path.endsWith('/order/getDetail') ? 'query' : 'other'),
  answer,
  unknownCode: () => json({ code: 9000, msg: '余额不足或系统繁忙', data: null }),
  throttled: () => refuse([2429, '请求过于频繁']),
  orderCallback: () => null,
  productCallback: () => null
}
