/** What every route of this module takes. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { type Access, principalOf } from '../../http/index.ts'
import type { CursorCodec } from '../../kit/cursor.ts'
import type { Db, Queryable } from '../../kit/db/index.ts'
import type { WalletDirectory } from '../directory.ts'

export interface WalletDeps {
  readonly db: Db
  readonly cursors: CursorCodec
  readonly wallets: WalletDirectory
}

/** What a list needs; its `db` is that of one reseller where the reseller asks. */
export interface ReadDeps {
  readonly db: Queryable
  readonly cursors: CursorCodec
}

/** Fastify with the schemas' types. */
export type App = Parameters<FastifyPluginAsyncTypebox>[0]

export const WALLET_TAG = 'Wallet'
export const OPERATOR_TAG = 'Operator: wallets'

export const RESELLER_READ: Access = { role: 'reseller', scope: 'wallet:read' }
export const RESELLER_WRITE: Access = { role: 'reseller', scope: 'wallet:write' }
export const OPERATOR_READ: Access = { role: 'operator', scope: 'wallet:read' }
export const OPERATOR_WRITE: Access = { role: 'operator', scope: 'wallet:write' }

export const RESELLER_WALLET = '/v1/admin/resellers/:id/wallet'
export const TOP_UPS = '/v1/wallet/top-ups'
export const OPERATOR_TOP_UPS = '/v1/admin/top-ups'

/** The bootstrap key and operators with a JWT have no key id; they share one space of idempotency keys. */
const NO_KEY = '00000000-0000-0000-0000-000000000000'

export function operatorOf(request: FastifyRequest): { callerId: string; actor: string } {
  const { apiKeyId, actor } = principalOf(request)
  return { callerId: apiKeyId ?? NO_KEY, actor }
}

/** The rows that were asked for, and where the next page begins, from a read of one row more than that. */
export function pageOf<T>(rows: readonly T[], limit: number, cursorOf: (last: T) => string): { shown: readonly T[]; nextCursor: string | null } {
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  return { shown, nextCursor: rows.length > limit && last !== undefined ? cursorOf(last) : null }
}
