/** What every route of this module takes. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Access } from '../../http/index.ts'
import type { CursorCodec } from '../../kit/cursor.ts'
import type { Db } from '../../kit/db/index.ts'
import type { Authenticator } from '../authenticator.ts'

export interface AccountsDeps {
  readonly db: Db
  readonly cursors: CursorCodec
  readonly authenticator: Authenticator
}

/** Fastify with the schemas' types. */
export type App = Parameters<FastifyPluginAsyncTypebox>[0]

export const TAG = 'Operator: accounts'

export const READ: Access = { role: 'operator', scope: 'accounts:read' }
export const WRITE: Access = { role: 'operator', scope: 'accounts:write' }

export const RESELLERS = '/v1/admin/resellers'
export const SUPPLIERS = '/v1/admin/suppliers'
export const OPERATOR_KEYS = '/v1/admin/operator-keys'
