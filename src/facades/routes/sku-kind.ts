import { Type } from 'typebox'
import { type Access, operation, Ref } from '../../http/index.ts'
import { fromApiId } from '../../kit/ids.ts'
import { SkuKindSchema, skuParams } from '../schemas.ts'
import { readKind, removeKind, setKind } from '../set-kind.ts'
import { type App, type FacadeAdminDeps, TAG } from './deps.ts'

const URL = '/v1/admin/skus/:id/kind'
const READ: Access = { role: 'operator', scope: 'catalog:read' }
const WRITE: Access = { role: 'operator', scope: 'catalog:write' }

export function skuKindRoutes(app: App, deps: FacadeAdminDeps): void {
  app.route({
    method: 'GET',
    url: URL,
    ...operation({
      id: 'getSkuKind',
      tag: TAG,
      summary: 'Read which kind of its product a SKU is',
      access: READ,
      params: skuParams,
      response: { 200: Ref(SkuKindSchema) },
      errors: ['not_found']
    }),
    handler: ({ params }) => readKind(deps, fromApiId('sku', params.id))
  })
  app.route({
    method: 'PUT',
    url: URL,
    ...operation({
      id: 'setSkuKind',
      tag: TAG,
      summary: 'Say which kind of its product a SKU is',
      description:
        'For shops whose goods have kinds and options (acg-faka: race and sku). Without it, each SKU of a product is a kind under its own name. ' +
        'Options are shown when every SKU of the product has a kind, no combination is missing, and the prices add up; otherwise each SKU is a kind.',
      access: WRITE,
      params: skuParams,
      body: Ref(SkuKindSchema),
      response: { 200: Ref(SkuKindSchema) },
      errors: ['not_found']
    }),
    handler: async ({ params, body }) => {
      await setKind(deps, fromApiId('sku', params.id), body)
      return body
    }
  })
  app.route({
    method: 'DELETE',
    url: URL,
    ...operation({
      id: 'removeSkuKind',
      tag: TAG,
      summary: 'Let a SKU be a kind under its own name again',
      access: WRITE,
      params: skuParams,
      response: { 204: Type.Null({ description: 'It has no kind.' }) },
      errors: ['not_found']
    }),
    handler: async ({ params }, reply) => {
      await removeKind(deps, fromApiId('sku', params.id))
      return reply.code(204).send(null)
    }
  })
}
