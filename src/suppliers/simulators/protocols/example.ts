/** The other side of `adapters/example`: small, and honest about what goes wrong. */
import { randomBytes } from 'node:crypto'
import { formatAmount } from '../../../kit/money.ts'
import { hmacSha256 } from '../../adapters/wire/digest.ts'
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
import type { Sale, SaleRefusal } from '../shop.ts'

const REFUSALS: Readonly<Record<SaleRefusal, readonly [number, string]>> = {
  no_product: [404, 'no_such_product'],
  out_of_stock: [409, 'out_of_stock'],
  price: [409, 'price_above_limit'],
  no_funds: [402, 'insufficient_balance']
}

const refuse = ([status, error]: readonly [number, string]): SimReply => json({ error }, status)

const toOrder = (sale: Sale): object => ({
  id: sale.upstreamId,
  reference: sale.reference,
  status: sale.state,
  quantity: sale.quantity,
  unitPrice: formatAmount(sale.unitPrice),
  cards: sale.state === 'done' ? sale.cards.map(({ number, secret }) => ({ number, secret })) : []
})

function place({ body }: SimRequest, { shop, fault }: Desk): SimReply {
  const fields = readBody(body)
  const result = shop.sell(
    {
      reference: textOf(fields['reference']),
      product: textOf(fields['product']),
      quantity: Number(textOf(fields['quantity'])),
      maxUnitPrice: amountOf(fields['maxUnitPrice']),
      input: fields['input'],
      notifyUrl: textOf(fields['notifyUrl']) || null
    },
    fault
  )
  if (result.kind === 'refused') return refuse(REFUSALS[result.why])
  return result.kind === 'known' ? refuse([409, 'reference_exists']) : json(toOrder(result.sale))
}

function read(reference: string, { shop, hidden }: Desk): SimReply {
  const sale = hidden ? null : shop.find(reference)
  return sale === null ? refuse([404, 'no_such_order']) : json(toOrder(sale))
}

function cancel(reference: string, { shop }: Desk): SimReply {
  const sale = shop.find(reference)
  if (sale === null) return refuse([404, 'no_such_order'])
  return shop.cancel(sale) ? json(toOrder(sale)) : refuse([409, 'too_late'])
}

const toProduct = ({ code, name, price, stock, onSale }: { code: string; name: string; price: bigint; stock: number; onSale: boolean }): object => ({
  code,
  name,
  price: formatAmount(price),
  stock,
  onSale
})

function answer(request: SimRequest, desk: Desk): SimReply {
  if (request.headers['authorization'] !== `Bearer ${desk.config['apiKey']}`) return refuse([401, 'bad_key'])
  const [, resource, id, action] = request.path.split('/').map(decodeURIComponent)
  const route = `${request.method} ${resource}${id === undefined ? '' : '/id'}${action === undefined ? '' : `/${action}`}`
  switch (route) {
    case 'POST orders':
      return place(request, desk)
    case 'GET orders/id':
      return read(id ?? '', desk)
    case 'POST orders/id/cancel':
      return cancel(id ?? '', desk)
    case 'GET products':
      return json({ products: [...desk.shop.products.values()].map(toProduct), next: null })
    case 'GET products/id': {
      const product = desk.shop.products.get(id ?? '')
      return product === undefined ? refuse(REFUSALS.no_product) : json(toProduct(product))
    }
    case 'GET balance':
      return json({ balance: formatAmount(desk.shop.balance), currency: 'CNY' })
    default:
      return refuse([404, 'no_such_page'])
  }
}

function sign(event: object, { config }: Desk, variant: CallbackVariant): Callback | null {
  const body = JSON.stringify({ ...event, time: Date.now() })
  const signature = hmacSha256(variant === 'forged' ? 'not the secret' : (config['callbackSecret'] ?? ''), body).toString('hex')
  // The signature covers every byte: there is nothing that a stranger could change.
  return variant === 'tampered' ? null : { headers: { 'x-signature': signature }, query: {}, body }
}

export const exampleProtocol: SimProtocol = {
  name: 'example',
  mint: origin => ({ baseUrl: origin, apiKey: randomBytes(16).toString('hex'), callbackSecret: randomBytes(16).toString('hex') }),
  operation: ({ method, path }) => (!path.startsWith('/orders') ? 'other' : method === 'GET' ? 'query' : path === '/orders' ? 'place' : 'other'),
  answer,
  unknownCode: () => json({ error: 'flux_capacitor' }, 400),
  throttled: () => json({ error: 'slow_down' }, 429),
  orderCallback: (sale, desk, variant) => sign({ event: 'order', reference: sale.reference, id: sale.upstreamId }, desk, variant),
  productCallback: (product, desk, variant) => sign({ event: 'product', ...toProduct(product) }, desk, variant)
}
