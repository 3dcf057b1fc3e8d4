import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Access } from '../../http/index.ts'
import type { CursorCodec } from '../../kit/cursor.ts'
import type { CallbackUrlOf } from '../callback-url.ts'
import type { UpdateSupplierDeps } from '../update-supplier.ts'

export interface SuppliersDeps extends UpdateSupplierDeps {
  readonly cursors: CursorCodec
  readonly callbackUrlOf: CallbackUrlOf
}

/** Fastify with the schemas' types. */
export type SupplierRoute = (app: Parameters<FastifyPluginAsyncTypebox>[0], deps: SuppliersDeps) => void

export const TAG = 'Operator: suppliers'

export const READ: Access = { role: 'operator', scope: 'accounts:read' }
export const WRITE: Access = { role: 'operator', scope: 'accounts:write' }

export const SUPPLIERS = '/v1/admin/suppliers'
