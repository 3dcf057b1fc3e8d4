import { Type } from 'typebox'
import { operation, Ref } from '../../http/index.ts'
import { fromApiId } from '../../kit/ids.ts'
import { toApiIssued } from '../convert.ts'
import { revokeCredential } from '../revoke-credential.ts'
import { rotateCredential } from '../rotate-credential.ts'
import { credentialParams, IssuedFacadeCredentialSchema, RotateFacadeCredential } from '../schemas.ts'
import { type App, CREDENTIAL, type FacadeAdminDeps, TAG, WRITE } from './deps.ts'

const DEFAULT_OVERLAP_SECONDS = 86_400

export function changeCredentialRoutes(app: App, deps: FacadeAdminDeps): void {
  app.route({
    method: 'POST',
    url: `${CREDENTIAL}/rotate`,
    ...operation({
      id: 'rotateFacadeCredential',
      tag: TAG,
      summary: 'Give a facade credential a new secret',
      description: 'The login stays; both secrets work during the overlap. The answer is the only place where the new secret is shown.',
      access: WRITE,
      params: credentialParams,
      body: RotateFacadeCredential,
      response: { 201: Ref(IssuedFacadeCredentialSchema) },
      errors: ['not_found', 'state_conflict']
    }),
    // All of the body may be left out.
    preValidation: async request => {
      if (request.body === undefined) request.body = {}
    },
    handler: async ({ params, body: { overlapSeconds = DEFAULT_OVERLAP_SECONDS } }, reply) => {
      const issued = await rotateCredential(deps, { id: fromApiId('key', params.credentialId), overlapSeconds })
      reply.header('cache-control', 'no-store')
      return reply.code(201).send(toApiIssued(issued))
    }
  })
  app.route({
    method: 'DELETE',
    url: CREDENTIAL,
    ...operation({
      id: 'revokeFacadeCredential',
      tag: TAG,
      summary: 'Revoke a facade credential',
      description: 'For ever: by this instance at once, by the others within seconds.',
      access: WRITE,
      params: credentialParams,
      response: { 204: Type.Null({ description: 'Revoked now or before.' }) },
      errors: ['not_found']
    }),
    handler: async ({ params }, reply) => {
      await revokeCredential(deps, fromApiId('key', params.credentialId))
      return reply.code(204).send(null)
    }
  })
}
