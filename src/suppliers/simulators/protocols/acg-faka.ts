/** acg-faka shared store 3.6: HTTP 200 for everything, one trade call with the cards in it, duplicates refused, never shown again. */
import { randomBytes } from 'node:crypto'
import { formatAmount } from '../../../kit/money.ts'
import { signFields } from '../../adapters/acg-faka/sign.ts'
import { type Desk, json, type SimProtocol, type SimReply, type SimRequest } from '../protocol.ts'
import type { Sale, SaleRefusal, SimProduct } from '../shop.ts'

type Form = Readonly<Record<string, string>>

const REFUSALS: Readonly<Record<SaleRefusal, string>> = {
  no_product: '商品不存在',
  out_of_stock: '库存不足',
  price: '商品信息已经更新，请刷新后重新下单',
  no_funds: '余额不足'
}
const BY_HAND = '正在发货中，请耐心等待，如有疑问，请联系客服。'
const REQUEST_NO_MAX = 19

const succeed = (data: unknown): SimReply => json({ code: 200, msg: 'success', data })
const refuse = (msg: string): SimReply => json({ code: 0, msg })
const crash: SimReply = { status: 200, contentType: 'text/html', body: '<html><title>404 页面没有找到</title></html>' }

const toGoods = ({ code, name, price, stock }: SimProduct): object => ({
  id: Number(code),
  code,
  name,
  price: formatAmount(price),
  user_price: formatAmount(price),
  factory_price: '0.00',
  stock,
  minimum: 0,
  maximum: 0,
  widget: null,
  config: ''
})

const secretOf = (sale: Sale): string => (sale.state === 'pending' ? BY_HAND : sale.cards.map(card => card.secret).join('\n'))

function trade(form: Form, { shop, fault }: Desk): SimReply {
  const reference = form['request_no'] ?? ''
  if (reference.length > REQUEST_NO_MAX) return crash
  const result = shop.sell({ reference, product: form['shared_code'] ?? '', quantity: Number(form['num']) }, fault)
  if (result.kind === 'refused') return refuse(REFUSALS[result.why])
  if (result.kind === 'known') return refuse('The request ID already exists')
  const { sale } = result
  return succeed({
    url: '/user/index/query',
    amount: Number(formatAmount(sale.unitPrice * BigInt(sale.quantity))),
    tradeNo: sale.upstreamId,
    secret: secretOf(sale),
    leave_message: null,
    stock: String(sale.product.stock)
  })
}

function run(path: string, form: Form, desk: Desk): SimReply {
  const { shop } = desk
  const product = shop.products.get(form['code'] ?? '')
  switch (path) {
    case '/shared/authentication/connect':
      return { ...succeed(null), body: `{"code":200,"msg":"success","data":{"shopName":"sim","balance":${formatAmount(shop.balance)}}}` }
    case '/shared/commodity/items':
      return succeed([{ id: 1, name: 'All', children: [...shop.products.values()].filter(each => each.onSale).map(toGoods) }])
    case '/shared/commodity/stock':
      return product === undefined ? refuse(REFUSALS.no_product) : succeed({ stock: String(product.stock) })
    case '/shared/commodity/valuation':
      return product === undefined ? refuse('商品不存在#0') : succeed({ price: formatAmount(product.price * BigInt(form['num'] ?? '1')) })
    case '/shared/commodity/trade':
      return trade(form, desk)
    case '/shared/commodity/query': {
      const sale = shop.byId(form['tradeNo'] ?? '')
      return sale === null ? refuse('未查询到相关信息') : succeed({ secret: secretOf(sale), widget: null, status: 1 })
    }
    default:
      return crash
  }
}

function answer({ path, body }: SimRequest, desk: Desk): SimReply {
  const form = Object.fromEntries(new URLSearchParams(body))
  if (form['app_id'] !== desk.config['appId']) return refuse('商户ID不存在')
  return form['sign'] === signFields(form, desk.config['appKey'] ?? '') ? run(path, form, desk) : refuse('密钥错误')
}

export const acgFakaProtocol: SimProtocol = {
  name: 'acg-faka',
  mint: origin => ({ baseUrl: origin, appId: '1000', appKey: randomBytes(8).toString('hex').toUpperCase() }),
  operation: ({ path }) => (path.endsWith('/trade') ? 'place' : path.endsWith('/query') ? 'query' : 'other'),
  answer,
  unknownCode: () => refuse('La solicitud ya existe'),
  throttled: () => crash,
  orderCallback: () => null,
  productCallback: () => null
}
