import { operation, Ref } from '../../http/index.ts'
import { fromApiId } from '../../kit/ids.ts'
import { rotateWebhookSecret } from '../rotate-webhook-secret.ts'
import { supplierParams, WebhookSecretSchema } from '../schemas.ts'
import { SUPPLIERS, type SupplierRoute, TAG, WRITE } from './deps.ts'

export const rotateWebhookSecretRoute: SupplierRoute = (app, deps) => {
  app.route({
    method: 'POST',
    url: `${SUPPLIERS}/:id/rotate-webhook-secret`,
    ...operation({
      id: 'rotateSupplierWebhookSecret',
      tag: TAG,
      summary: "Make a new secret for the supplier's pushes",
      description: 'The old one stays valid for 24 hours. The new one is shown in this answer only.',
      access: WRITE,
      params: supplierParams,
      response: { 200: Ref(WebhookSecretSchema) },
      errors: ['not_found']
    }),
    handler: async ({ params }, reply) => {
      const webhookSecret = await rotateWebhookSecret(deps, fromApiId('supplier', params.id))
      reply.header('cache-control', 'no-store')
      return { webhookSecret }
    }
  })
}
