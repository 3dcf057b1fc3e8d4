import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { CursorCodec } from '../../kit/cursor.ts'
import type { PlaceOrderDeps } from '../place-order.ts'
import type { ResolveDeps } from '../upstream/resolve-order.ts'

export interface OrderDeps extends PlaceOrderDeps, ResolveDeps {
  readonly cursors: CursorCodec
}

export type OrderRoute = (app: Parameters<FastifyPluginAsyncTypebox>[0], deps: OrderDeps) => void
