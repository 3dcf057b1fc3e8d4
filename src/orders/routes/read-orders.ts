import { Type } from 'typebox'
import { List, operation, ownerOf, PageOf, pageLimit, pageQuery, principalOf, Ref, Str } from '../../http/index.ts'
import type { Queryable } from '../../kit/db/index.ts'
import { notFound } from '../../kit/errors.ts'
import { fromApiId } from '../../kit/ids.ts'
import { parseTime } from '../../kit/time.ts'
import { toApiCard, toApiOrder } from '../convert.ts'
import { bodyId } from '../from-api.ts'
import { listOrders, readOrder } from '../repository.ts'
import { revealPage } from '../reveal-again.ts'
import { adminOrderListQuery, CardSchema, OrderSchema, orderListQuery, orderParams } from '../schemas.ts'
import type { OrderDeps, OrderRoute } from './deps.ts'

const readErrors = ['not_found'] as const

export const getOrderRoute: OrderRoute = (app, deps) => {
  app.route({
    method: 'GET',
    url: '/v1/orders/:id',
    ...operation({
      id: 'getOrder',
      tag: 'Orders',
      summary: 'Read an order',
      access: { role: 'reseller', scope: 'orders:read' },
      params: orderParams,
      response: { 200: Ref(OrderSchema) },
      errors: readErrors
    }),
    handler: async request => {
      const resellerId = ownerOf(request)
      const order = await readOrder(deps.db.tenant(resellerId), fromApiId('order', request.params.id), resellerId)
      if (order === null) throw notFound('order')
      return toApiOrder(order)
    }
  })
  app.route({
    method: 'GET',
    url: '/v1/admin/orders/:id',
    ...operation({
      id: 'adminGetOrder',
      tag: 'Operator: orders',
      summary: 'Read an order of any reseller',
      access: { role: 'operator', scope: 'orders:read' },
      params: orderParams,
      response: { 200: Ref(OrderSchema) },
      errors: readErrors
    }),
    handler: async request => {
      const order = await readOrder(deps.db, fromApiId('order', request.params.id), null)
      if (order === null) throw notFound('order')
      return toApiOrder(order)
    }
  })
}

interface ListQuery {
  limit?: number
  cursor?: string
  reference?: string
  state?: Parameters<typeof listOrders>[1]['state']
  skuId?: string
  from?: string
  to?: string
}

const timeOf = (text: string | undefined, pointer: string): Date | undefined => (text === undefined ? undefined : parseTime(text, pointer))

async function listPage(deps: Pick<OrderDeps, 'cursors'> & { db: Queryable }, resellerId: string | null, scope: string, query: ListQuery) {
  const limit = pageLimit(query)
  const [before] = query.cursor === undefined ? [] : deps.cursors.decode(scope, query.cursor)
  const orders = await listOrders(deps.db, {
    resellerId,
    reference: query.reference,
    state: query.state,
    skuId: query.skuId === undefined ? undefined : bodyId('sku', query.skuId, '/query/skuId'),
    from: timeOf(query.from, '/query/from'),
    to: timeOf(query.to, '/query/to'),
    before: before === undefined ? undefined : String(before),
    limit: limit + 1
  })
  const last = orders.length > limit ? orders[limit - 1] : undefined
  return { data: orders.slice(0, limit).map(toApiOrder), nextCursor: last === undefined ? null : deps.cursors.encode(scope, [last.id]) }
}

export const listOrdersRoute: OrderRoute = (app, deps) => {
  app.route({
    method: 'GET',
    url: '/v1/orders',
    ...operation({
      id: 'listOrders',
      tag: 'Orders',
      summary: 'List your orders, newest first',
      access: { role: 'reseller', scope: 'orders:read' },
      query: orderListQuery,
      response: { 200: PageOf(Ref(OrderSchema)) }
    }),
    handler: async request => {
      const resellerId = ownerOf(request)
      return await listPage({ ...deps, db: deps.db.tenant(resellerId) }, resellerId, `orders:${resellerId}`, request.query)
    }
  })
  app.route({
    method: 'GET',
    url: '/v1/admin/orders',
    ...operation({
      id: 'adminListOrders',
      tag: 'Operator: orders',
      summary: 'List orders of all resellers, newest first',
      access: { role: 'operator', scope: 'orders:read' },
      query: adminOrderListQuery,
      response: { 200: PageOf(Ref(OrderSchema)) }
    }),
    handler: async request => {
      const { resellerId } = request.query
      const owner = resellerId === undefined ? null : bodyId('reseller', resellerId, '/query/resellerId')
      return await listPage(deps, owner, 'orders', request.query)
    }
  })
}

const cardsQuery = Type.Object(pageQuery, { additionalProperties: false })
const CardPage = Type.Object({
  data: List(Ref(CardSchema), 100),
  nextCursor: Type.Union([Str(400), Type.Null()])
})

export const getOrderCardsRoute: OrderRoute = (app, deps) => {
  app.route({
    method: 'GET',
    url: '/v1/orders/:id/cards',
    ...operation({
      id: 'listOrderCards',
      tag: 'Orders',
      summary: 'Reveal the cards of an order',
      description: 'Each call is written to the reveal log: who, which cards, when, and the request id. Empty until the order is fulfilled.',
      access: { role: 'reseller', scope: 'cards:reveal' },
      params: orderParams,
      query: cardsQuery,
      response: { 200: CardPage },
      errors: readErrors
    }),
    handler: async (request, reply) => {
      const resellerId = ownerOf(request)
      const order = await readOrder(deps.db.tenant(resellerId), fromApiId('order', request.params.id), resellerId)
      if (order === null) throw notFound('order')
      const scope = `cards:${order.id}`
      const [after] = request.query.cursor === undefined ? [-1] : deps.cursors.decode(scope, request.query.cursor)
      const limit = pageLimit(request.query)
      const position = Number(after)
      const cards = await revealPage(deps, order, { apiKeyId: principalOf(request).apiKeyId, requestId: request.id }, { limit, after: position })
      const listing = await deps.listings.get(order.skuId)
      const more = position + cards.length + 1 < order.quantity && cards.length === limit
      reply.header('cache-control', 'no-store')
      return {
        data: cards.map(card => toApiCard(card, listing?.cardKind ?? 'text')),
        nextCursor: more ? deps.cursors.encode(scope, [position + cards.length]) : null
      }
    }
  })
}
