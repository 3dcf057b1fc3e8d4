import { operation, Ref } from '../../http/index.ts'
import { toApiReseller } from '../convert.ts'
import { createReseller } from '../create-reseller.ts'
import { CreateReseller, ResellerSchema } from '../schemas.ts'
import { type AccountsDeps, type App, RESELLERS, TAG, WRITE } from './deps.ts'

const DEFAULT_CURRENCY = 'CNY'

export function createResellerRoute(app: App, { db }: AccountsDeps): void {
  app.route({
    method: 'POST',
    url: RESELLERS,
    ...operation({
      id: 'createReseller',
      tag: TAG,
      summary: 'Open an account for a reseller',
      access: WRITE,
      body: CreateReseller,
      response: { 201: Ref(ResellerSchema) }
    }),
    handler: async ({ body: { name, tier = null, currency = DEFAULT_CURRENCY } }, reply) => {
      return reply.code(201).send(toApiReseller(await createReseller(db, { name, tier, currency })))
    }
  })
}
