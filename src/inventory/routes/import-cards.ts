import { Readable } from 'node:stream'
import type { FastifyRequest } from 'fastify'
import { idempotencyKeyOf, operation, principalOf, Ref } from '../../http/index.ts'
import { DomainError } from '../../kit/errors.ts'
import { fromApiId } from '../../kit/ids.ts'
import { CONTENT_TYPES, fromApiImport, toApiReport } from '../convert.ts'
import { serverStopping } from '../errors.ts'
import { drain } from '../import/line-blocks.ts'
import { importCards } from '../import-cards.ts'
import { CardBatchReportSchema, ImportBody, ImportQuery, importHeaders, SkuParams } from '../schemas.ts'
import { type App, type InventoryDeps, TAG, WRITE } from './deps.ts'

/** Keys of operators who have no API key of their own (bootstrap, JWT) share one namespace. */
const NO_OWNER = '00000000-0000-0000-0000-000000000000'

/** In a scope of its own, because its bodies are not parsed: they are handed on as they arrive. */
export function importCardsRoute(parent: App, deps: InventoryDeps): void {
  parent.register(async app => {
    const stopping = new AbortController()
    app.addHook('preClose', async () => stopping.abort(serverStopping()))
    app.removeAllContentTypeParsers()
    app.addContentTypeParser(Object.keys(CONTENT_TYPES), (_request, payload, done) => done(null, payload))
    registerRoute(app, deps, stopping.signal)
  })
}

function registerRoute(app: App, deps: InventoryDeps, stopping: AbortSignal): void {
  app.route({
    method: 'POST',
    url: '/v1/admin/skus/:id/card-batches',
    ...operation({
      id: 'importCards',
      tag: TAG,
      summary: 'Import a file of keys',
      description:
        'The body is read as it arrives, up to 256 MB and 2,000,000 lines. A key is stocked once, whichever SKU or supplier it comes from: ' +
        'sent again, it is counted as a duplicate. If the import ends early, what was stored stays; send the same file again to add the rest.',
      access: WRITE,
      params: SkuParams,
      query: ImportQuery,
      headers: importHeaders,
      body: ImportBody,
      response: { 201: Ref(CardBatchReportSchema) },
      errors: [
        'idempotency_key_missing',
        'not_found',
        'state_conflict',
        'payload_too_large',
        'request_timeout',
        'request_in_progress',
        'idempotency_key_reused'
      ]
    }),
    handler: async (request, reply) => {
      const body = bodyOf(request)
      const importRequest = {
        skuId: fromApiId('sku', request.params.id),
        ...fromApiImport(request.query, request.headers['content-type']),
        body,
        bodyBytes: lengthOf(request),
        idempotency: idempotencyOf(request)
      }
      try {
        const { report, replayed } = await importCards({ ...deps, stopping }, importRequest)
        if (replayed) reply.header('idempotent-replayed', 'true')
        return reply.code(201).send(toApiReport(report))
      } catch (error) {
        if (body.readableDidRead && !body.readableEnded) {
          await drain(body)
          reply.header('connection', 'close')
        }
        throw error
      }
    }
  })
}

function bodyOf({ body }: { readonly body: unknown }): Readable {
  if (body instanceof Readable) return body
  throw new DomainError('unsupported_media_type', `Send ${Object.keys(CONTENT_TYPES).join(', ')}.`)
}

function lengthOf({ headers }: FastifyRequest): number | null {
  const length = headers['content-length']
  return length === undefined ? null : Number(length)
}

function idempotencyOf(request: FastifyRequest): { ownerId: string; key: string } | null {
  if (request.headers['idempotency-key'] === undefined) return null
  return { ownerId: principalOf(request).apiKeyId ?? NO_OWNER, key: idempotencyKeyOf(request) }
}
