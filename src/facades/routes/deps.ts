/** What every operator route of this module takes. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Listings } from '../../catalog/index.ts'
import type { Access } from '../../http/index.ts'
import type { CursorCodec } from '../../kit/cursor.ts'
import type { ChangeCredentialDeps } from '../rotate-credential.ts'

export interface FacadeAdminDeps extends ChangeCredentialDeps {
  readonly cursors: CursorCodec
  readonly listings: Listings
}

export type App = Parameters<FastifyPluginAsyncTypebox>[0]

export const TAG = 'Operator: facades'

export const READ: Access = { role: 'operator', scope: 'accounts:read' }
export const WRITE: Access = { role: 'operator', scope: 'accounts:write' }

export const OF_RESELLER = '/v1/admin/resellers/:id/facade-credentials'
export const CREDENTIAL = '/v1/admin/facade-credentials/:credentialId'
