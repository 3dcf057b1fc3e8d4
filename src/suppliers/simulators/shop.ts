/** What a simulated supplier sells, what it is paid from, and its own book of what it sold. Knows no protocol. */
import { randomBytes, randomInt } from 'node:crypto'
import type { SaleFault } from './faults.ts'

export interface SimProduct {
  readonly code: string
  readonly name: string
  price: bigint
  stock: number
  onSale: boolean
}

export interface SimCard {
  readonly number: string | null
  readonly secret: string
}

export interface Sale {
  /** The buyer's own number. */
  readonly reference: string
  readonly upstreamId: string
  readonly product: SimProduct
  readonly quantity: number
  readonly unitPrice: bigint
  readonly input: unknown
  readonly notifyUrl: string | null
  readonly at: Date
  /** Whoever asks before is told that there is no such order. */
  readonly visibleFrom: number
  cards: readonly SimCard[]
  state: 'pending' | 'done' | 'failed' | 'cancelled'
}

export interface SaleRequest {
  readonly reference: string
  readonly product: string
  readonly quantity: number
  readonly maxUnitPrice?: bigint | null
  readonly maxTotal?: bigint | null
  readonly input?: unknown
  readonly notifyUrl?: string | null
}

export type SaleRefusal = 'no_product' | 'out_of_stock' | 'price' | 'no_funds'
export type SaleResult =
  | { readonly kind: 'sold'; readonly sale: Sale }
  /** The reference was used before; what that means is the protocol's business. */
  | { readonly kind: 'known'; readonly sale: Sale }
  | { readonly kind: 'refused'; readonly why: SaleRefusal }

export interface Shop {
  readonly products: ReadonlyMap<string, SimProduct>
  /** In the order of sale; one entry for each time that money was taken. */
  readonly book: readonly Sale[]
  balance: bigint
  /** Cards at once, or only after `settle`. */
  delivery: 'at_once' | 'later'
  add(product: SimProduct): void
  sell(request: SaleRequest, fault: SaleFault | null): SaleResult
  find(reference: string): Sale | null
  byId(upstreamId: string): Sale | null
  settle(reference: string): Sale
  cancel(sale: Sale): boolean
}

const APOLOGY = '很抱歉，有人在你付款之前抢走了商品，请联系客服。'
/** Longer than a buyer waits before it asks for the first time. */
const FOUND_LATE_MS = 8_000
const FIRST_ORDER_NUMBER = 100_000_000

/** Numbers are longer than a double is exact and begin with zero: both get lost where they are read as numbers. */
const newCard = (): SimCard => ({
  number: `0${randomInt(10 ** 12, 10 ** 13 - 1)}${randomInt(10 ** 6, 10 ** 7 - 1)}`,
  secret: randomBytes(10)
    .toString('hex')
    .toUpperCase()
    .replaceAll(/(.{5})(?=.)/g, '$1-')
})

/** The cards of one sale. Stock shrinks by what was ordered, whatever the fault does. */
function dealCards(quantity: number, fault: SaleFault | null, earlier: SimCard | undefined): SimCard[] {
  const cards = Array.from({ length: quantity }, newCard)
  const first = cards[0] ?? newCard()
  switch (fault) {
    case 'partial':
      return cards.slice(1)
    case 'wrong_quantity':
      return [...cards, newCard()]
    case 'same_card':
      return quantity === 1 ? [earlier ?? first] : cards.map(() => first)
    case 'apology':
      return [{ number: null, secret: APOLOGY }]
    default:
      return cards
  }
}

function refusalOf({ products, balance }: Shop, request: SaleRequest): SaleRefusal | null {
  const { product: code, quantity, maxUnitPrice = null, maxTotal = null } = request
  const product = products.get(code)
  if (product === undefined || !product.onSale) return 'no_product'
  const total = product.price * BigInt(quantity)
  if ((maxUnitPrice !== null && product.price > maxUnitPrice) || (maxTotal !== null && total > maxTotal)) return 'price'
  if (product.stock < quantity) return 'out_of_stock'
  return balance < total ? 'no_funds' : null
}

function newSale({ book, delivery }: Shop, request: SaleRequest, product: SimProduct, fault: SaleFault | null): Sale {
  const state = fault === 'fails' ? 'failed' : delivery === 'later' ? 'pending' : 'done'
  return {
    reference: request.reference,
    upstreamId: String(FIRST_ORDER_NUMBER + book.length),
    product,
    quantity: request.quantity,
    unitPrice: product.price,
    input: request.input ?? null,
    notifyUrl: request.notifyUrl ?? null,
    at: new Date(),
    visibleFrom: fault === 'found_late' ? Date.now() + FOUND_LATE_MS : 0,
    cards: state === 'failed' ? [] : dealCards(request.quantity, fault, book[0]?.cards[0]),
    state
  }
}

const visible = (sale: Sale | undefined): Sale | null => (sale === undefined || sale.visibleFrom > Date.now() ? null : sale)

export function createShop(): Shop {
  const products = new Map<string, SimProduct>()
  const book: Sale[] = []
  const references = new Map<string, Sale>()
  const ids = new Map<string, Sale>()

  const shop: Shop = {
    products,
    book,
    balance: 10_000_000_000n,
    delivery: 'at_once',
    add: product => {
      products.set(product.code, product)
    },
    sell(request, fault) {
      const known = references.get(request.reference)
      if (known !== undefined) return { kind: 'known', sale: known }
      const why = refusalOf(shop, request)
      const product = products.get(request.product)
      if (why !== null || product === undefined) return { kind: 'refused', why: why ?? 'no_product' }
      const sale = newSale(shop, request, product, fault)
      if (sale.state !== 'failed') {
        product.stock -= request.quantity
        shop.balance -= product.price * BigInt(request.quantity)
      }
      book.push(sale)
      references.set(sale.reference, sale)
      ids.set(sale.upstreamId, sale)
      return { kind: 'sold', sale }
    },
    find: reference => visible(references.get(reference)),
    byId: upstreamId => visible(ids.get(upstreamId)),
    settle(reference) {
      const sale = references.get(reference)
      if (sale === undefined) throw new Error(`nothing was sold as ${reference}`)
      if (sale.state === 'pending') sale.state = 'done'
      return sale
    },
    cancel(sale) {
      if (sale.state !== 'pending') return false
      sale.state = 'cancelled'
      sale.cards = []
      sale.product.stock += sale.quantity
      shop.balance += sale.unitPrice * BigInt(sale.quantity)
      return true
    }
  }
  return shop
}
