/** What every route of this module takes. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Listings } from '../../catalog/index.ts'
import type { Access } from '../../http/index.ts'
import type { CursorCodec } from '../../kit/cursor.ts'
import type { Db } from '../../kit/db/index.ts'
import type { Vault } from '../vault.ts'

export interface InventoryDeps {
  readonly db: Db
  readonly cursors: CursorCodec
  readonly listings: Pick<Listings, 'fresh' | 'noteStock'>
  /** After a commit: the stock that is left. */
  readonly noteStock: (skuId: string, available: number) => void
  readonly vault: Vault
}

/** Fastify with the schemas' types. */
export type App = Parameters<FastifyPluginAsyncTypebox>[0]

export const TAG = 'Operator: stock'

export const READ: Access = { role: 'operator', scope: 'system:read' }
export const WRITE: Access = { role: 'operator', scope: 'stock:write' }

export const BATCHES = '/v1/admin/card-batches'
export const CARDS = '/v1/admin/cards'
