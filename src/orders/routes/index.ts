import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { cancelOrderRoute } from './cancel-order.ts'
import type { OrderDeps, OrderRoute } from './deps.ts'
import { placeOrderRoute } from './place-order.ts'
import { placeOrderBatchRoute } from './place-order-batch.ts'
import { getOrderCardsRoute, getOrderRoute, listOrdersRoute } from './read-orders.ts'
import { resolveOrderRoute } from './resolve-order.ts'

const ROUTES: readonly OrderRoute[] = [
  placeOrderRoute,
  placeOrderBatchRoute,
  getOrderRoute,
  listOrdersRoute,
  getOrderCardsRoute,
  cancelOrderRoute,
  resolveOrderRoute
]

export const ordersRoutes =
  (deps: OrderDeps): FastifyPluginAsyncTypebox =>
  async app => {
    for (const route of ROUTES) route(app, deps)
  }
