import { operation, Ref } from '../../http/index.ts'
import { fromApiId } from '../../kit/ids.ts'
import { fromApiTerms, toApiIssued } from '../convert.ts'
import { issueCredential } from '../issue-credential.ts'
import { IssuedFacadeCredentialSchema, IssueFacadeCredential, resellerParams } from '../schemas.ts'
import { type App, type FacadeAdminDeps, OF_RESELLER, TAG, WRITE } from './deps.ts'

export function issueCredentialRoute(app: App, deps: FacadeAdminDeps): void {
  app.route({
    method: 'POST',
    url: OF_RESELLER,
    ...operation({
      id: 'issueFacadeCredential',
      tag: TAG,
      summary: "Let a reseller's shop connect by its own protocol",
      description:
        'The shop is given the address `/facades/<protocol>`, the login and the secret. This answer is the only place where the secret is shown.',
      access: WRITE,
      params: resellerParams,
      body: IssueFacadeCredential,
      response: { 201: Ref(IssuedFacadeCredentialSchema) },
      errors: ['not_found']
    }),
    handler: async ({ params, body }, reply) => {
      const resellerId = fromApiId('reseller', params.id)
      const issued = await issueCredential(deps, { resellerId, protocol: body.protocol, terms: fromApiTerms(body), partner: body.partner ?? null })
      reply.header('cache-control', 'no-store')
      return reply.code(201).send(toApiIssued(issued))
    }
  })
}
