/** Where suppliers push. In a scope of its own, because a body is verified byte for byte before it is parsed. */
import { createHash } from 'node:crypto'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { operation, Ref } from '../../http/index.ts'
import { invalid, overloaded, unauthenticated } from '../../kit/errors.ts'
import { parseId } from '../../kit/ids.ts'
import type { SigningSecrets } from '../../kit/signing-secrets.ts'
import { readWebhookSecrets } from '../../suppliers/index.ts'
import { type AcceptDeps, acceptPush } from './accept-push.ts'
import { fromApiPush } from './convert.ts'
import { PushBody, PushHeadersSchema, PushParams, PushResultSchema } from './schemas.ts'
import { isSignedBy, readPushHeaders } from './verify-push.ts'

export interface InboundDeps extends Omit<AcceptDeps, 'stopping'> {
  readonly signingSecrets: SigningSecrets
}

/** 10,000 cards with long secrets. */
const BODY_MAX_BYTES = 16 * 1_048_576

/** A push that was verified. */
interface VerifiedPush {
  readonly supplierId: string
  readonly webhookId: string
  readonly bodyHash: Buffer
}

type App = Parameters<FastifyPluginAsyncTypebox>[0]

export const inboundRoutes =
  (deps: InboundDeps): FastifyPluginAsyncTypebox =>
  async app => {
    const stopping = new AbortController()
    app.addHook('preClose', async () => stopping.abort(overloaded('The server is stopping. Push again.', 2)))
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('application/json', { parseAs: 'buffer', bodyLimit: BODY_MAX_BYTES }, (_request, body, done) => done(null, body))
    registerRoute(app, { ...deps, stopping: stopping.signal }, new WeakMap())
  }

function registerRoute(app: App, deps: AcceptDeps & InboundDeps, verified: WeakMap<FastifyRequest, VerifiedPush>): void {
  app.route({
    method: 'POST',
    url: '/v1/webhooks/suppliers/:supplierId',
    ...operation({
      id: 'pushFromSupplier',
      tag: 'Supplier push',
      summary: 'Push stock and changes',
      description:
        'Signed as Standard Webhooks says, with the secret that the operator gave you. A `webhook-id` counts once, for ever: sent again, it is answered as before. ' +
        'Up to 10,000 cards in one push. A card that was stocked before is a duplicate. What is refused has no effect, and may be sent again.',
      access: 'public',
      params: PushParams,
      headers: PushHeadersSchema,
      body: PushBody,
      response: { 200: Ref(PushResultSchema) },
      errors: [
        'unauthenticated',
        'account_suspended',
        'not_found',
        'state_conflict',
        'request_in_progress',
        'request_timeout',
        'payload_too_large',
        'idempotency_key_reused'
      ]
    }),
    bodyLimit: BODY_MAX_BYTES,
    preValidation: async (request, reply) => {
      verified.set(request, await verify(deps, request, reply))
      request.body = parseJson(request.body as unknown as Buffer)
    },
    handler: async (request, reply) => {
      const push = verified.get(request)
      if (push === undefined) throw unauthenticated()
      const { result, replayed } = await acceptPush(deps, { ...push, ...fromApiPush(request.body) })
      if (replayed) reply.header('idempotent-replayed', 'true')
      return result
    }
  })
}

/** One answer for an unknown supplier, a wrong signature and a stale one. */
async function verify(deps: InboundDeps, request: FastifyRequest, reply: FastifyReply): Promise<VerifiedPush> {
  const { supplierId: text } = request.params as { supplierId: string }
  const supplierId = parseId('supplier', text)
  const headers = readPushHeaders(request.headers, new Date())
  const secrets = supplierId === null ? [] : await readWebhookSecrets(deps, supplierId)
  const { body } = request
  if (supplierId !== null && headers !== null && Buffer.isBuffer(body) && isSignedBy(secrets, headers, body)) {
    return { supplierId, webhookId: headers.id, bodyHash: createHash('sha256').update(body).digest() }
  }
  await request.server.limitRefused?.(request, reply)
  throw unauthenticated()
}

function parseJson(body: Buffer): never {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)) as never
  } catch {
    throw invalid('', 'is not valid JSON')
  }
}
