/** What every route of this module takes. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import type { ChangeFeed, Listings } from '../../catalog/index.ts'
import { type Access, ownerOf, principalOf } from '../../http/index.ts'
import type { CursorCodec } from '../../kit/cursor.ts'
import type { Db } from '../../kit/db/index.ts'
import type { Buyer } from '../price.ts'

export interface PricingDeps {
  readonly db: Db
  readonly cursors: CursorCodec
  readonly listings: Listings
  readonly feed: ChangeFeed
}

/** Fastify with the schemas' types. */
export type App = Parameters<FastifyPluginAsyncTypebox>[0]

export const TAG = 'Catalog'

export const READ: Access = { role: 'reseller', scope: 'catalog:read' }
export const ORDER: Access = { role: 'reseller', scope: 'orders:write' }

export const buyerOf = (request: FastifyRequest): Buyer => ({ resellerId: ownerOf(request), tier: principalOf(request).tier })
