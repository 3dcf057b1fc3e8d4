import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { CursorCodec } from '../../kit/cursor.ts'
import type { PlaceOrderDeps } from '../place-order.ts'
import { cancelOrderRoute } from './cancel-order.ts'
import { placeOrderRoute } from './place-order.ts'
import { placeOrderBatchRoute } from './place-order-batch.ts'
import { getOrderCardsRoute, getOrderRoute, listOrdersRoute } from './read-orders.ts'

export interface OrderDeps extends PlaceOrderDeps {
  readonly cursors: CursorCodec
}

export type OrderRoute = (app: Parameters<FastifyPluginAsyncTypebox>[0], deps: OrderDeps) => void

const ROUTES: readonly OrderRoute[] = [placeOrderRoute, placeOrderBatchRoute, getOrderRoute, listOrdersRoute, getOrderCardsRoute, cancelOrderRoute]

export const ordersRoutes =
  (deps: OrderDeps): FastifyPluginAsyncTypebox =>
  async app => {
    for (const route of ROUTES) route(app, deps)
  }
