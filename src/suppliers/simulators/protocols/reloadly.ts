/** Reloadly gift cards (2022): a token first, the order second, the cards with a third call. */
import { randomBytes } from 'node:crypto'
import { formatAmount } from '../../../kit/money.ts'
import { type Desk, json, readBody, type SimProtocol, type SimReply, type SimRequest, textOf } from '../protocol.ts'
import type { Sale, SaleRefusal, SimProduct } from '../shop.ts'

/** But for the token, the codes of refusals are not documented: `errorCode` is null, as in the published examples. */
const REFUSALS: Readonly<Record<SaleRefusal, string>> = {
  no_product: 'Product was not found.',
  out_of_stock: 'Product is out of stock.',
  price: 'Invalid price, please ensure you selected the right price.',
  no_funds: 'Insufficient balance.'
}
const FACE = 5

const refuse = (status: number, message: string, errorCode: string | null = null): SimReply =>
  json({ timeStamp: new Date().toISOString(), message, path: '/', errorCode, infoLink: null, details: [] }, status)

const toProduct = ({ code, name, price }: SimProduct): object => ({
  productId: Number(code),
  productName: name,
  denominationType: 'FIXED',
  senderFee: 0,
  discountPercentage: 0,
  senderCurrencyCode: 'CNY',
  recipientCurrencyCode: 'USD',
  fixedRecipientDenominations: [FACE],
  fixedRecipientToSenderDenominationsMap: { [`${FACE}.00`]: Number(formatAmount(price)) },
  country: { isoName: 'US', name: 'United States' }
})

const toOrder = (sale: Sale): object => ({
  transactionId: Number(sale.upstreamId),
  amount: Number(formatAmount(sale.unitPrice * BigInt(sale.quantity))),
  currencyCode: 'CNY',
  customIdentifier: sale.reference,
  status: sale.state === 'pending' ? 'PENDING' : 'SUCCESSFUL',
  product: { productId: Number(sale.product.code), quantity: sale.quantity, unitPrice: FACE }
})

function create({ body }: SimRequest, { shop, fault }: Desk): SimReply {
  const fields = readBody(body)
  const reference = textOf(fields['customIdentifier'])
  const result = shop.sell({ reference, product: textOf(fields['productId']), quantity: Number(textOf(fields['quantity'])) }, fault)
  if (result.kind === 'refused') return refuse(400, REFUSALS[result.why])
  return result.kind === 'known' ? refuse(400, 'The custom identifier is already used.') : json(toOrder(result.sale))
}

function readTransactions({ query }: SimRequest, { shop, hidden }: Desk): SimReply {
  const sale = hidden ? null : shop.find(query.get('customIdentifier') ?? '')
  return json({ content: sale === null ? [] : [toOrder(sale)], last: true })
}

const found = (sale: Sale | null, show: (sale: Sale) => unknown): SimReply =>
  sale === null ? refuse(404, 'Transaction was not found.') : json(show(sale))
const toCards = (sale: Sale): object[] => sale.cards.map(card => ({ cardNumber: card.number, pinCode: card.secret }))

function run(request: SimRequest, desk: Desk): SimReply {
  const { shop } = desk
  const { method, path } = request
  const [, , , id = '', leaf] = path.split('/')
  if (path === '/accounts/balance') return { ...json(null), body: `{"balance":${formatAmount(shop.balance)},"currencyCode":"CNY"}` }
  if (path === '/products') return json({ content: [...shop.products.values()].map(toProduct), last: true })
  if (path.startsWith('/products/')) {
    const product = shop.products.get(path.slice('/products/'.length))
    return product === undefined ? refuse(404, REFUSALS.no_product) : json(toProduct(product))
  }
  if (method === 'POST' && path === '/orders') return create(request, desk)
  if (path === '/reports/transactions') return readTransactions(request, desk)
  if (path.startsWith('/reports/transactions/')) return found(shop.byId(id), toOrder)
  if (path.startsWith('/orders/transactions/') && leaf === 'cards') return found(shop.byId(id), toCards)
  return refuse(404, 'Not found.')
}

function answer(request: SimRequest, desk: Desk): SimReply {
  const { clientId, clientSecret } = desk.config
  const token = `${clientId}.token`
  if (request.path === '/oauth/token') {
    const fields = readBody(request.body)
    const good = fields['client_id'] === clientId && fields['client_secret'] === clientSecret
    return good
      ? json({ access_token: token, scope: '', expires_in: 3600, token_type: 'Bearer' })
      : refuse(401, 'Access Denied', 'INVALID_CREDENTIALS')
  }
  return request.headers['authorization'] === `Bearer ${token}`
    ? run(request, desk)
    : refuse(401, 'Full authentication is required.', 'INVALID_TOKEN')
}

export const reloadlyProtocol: SimProtocol = {
  name: 'reloadly',
  mint: origin => ({
    baseUrl: origin,
    authUrl: origin,
    clientId: randomBytes(8).toString('hex'),
    clientSecret: randomBytes(16).toString('hex'),
    senderName: 'kahub'
  }),
  operation: ({ method, path }) =>
    method === 'POST' && path === '/orders' ? 'place' : path.startsWith('/reports/') || path.startsWith('/orders/transactions/') ? 'query' : 'other',
  answer,
  unknownCode: () => refuse(400, 'Something went wrong.', 'FLUX_CAPACITOR'),
  throttled: () => refuse(429, 'Too many requests.'),
  orderCallback: () => null,
  productCallback: () => null
}
