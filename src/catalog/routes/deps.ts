/** What every route of this module takes. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Access } from '../../http/index.ts'
import type { CursorCodec } from '../../kit/cursor.ts'
import type { Db } from '../../kit/db/index.ts'
import type { Listings } from '../listings.ts'

export interface CatalogDeps {
  readonly db: Db
  readonly cursors: CursorCodec
  readonly listings: Listings
}

/** Fastify with the schemas' types. */
export type App = Parameters<FastifyPluginAsyncTypebox>[0]

export const TAG = 'Operator: catalog'

export const READ: Access = { role: 'operator', scope: 'catalog:read' }
export const WRITE: Access = { role: 'operator', scope: 'catalog:write' }

export const PRODUCTS = '/v1/admin/products'
export const SKUS = '/v1/admin/skus'
