/** What every route of endpoints takes. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { type Access, ownerOf } from '../../../http/index.ts'
import type { CursorCodec } from '../../../kit/cursor.ts'
import type { Db } from '../../../kit/db/index.ts'
import { parseId } from '../../../kit/ids.ts'
import type { SigningSecrets } from '../../../kit/signing-secrets.ts'
import type { UrlPolicy } from '../endpoint-url.ts'
import { endpointNotFound } from '../errors.ts'
import type { EndpointRef } from '../resume-endpoint.ts'

export interface OutboundDeps {
  readonly db: Db
  readonly cursors: CursorCodec
  readonly signingSecrets: SigningSecrets
  readonly urlPolicy: UrlPolicy
}

/** Fastify with the schemas' types. */
export type App = Parameters<FastifyPluginAsyncTypebox>[0]

export const TAG = 'Webhook endpoints'
export const READ: Access = { role: 'reseller', scope: 'webhooks:read' }
export const WRITE: Access = { role: 'reseller', scope: 'webhooks:write' }
export const ENDPOINTS = '/v1/webhook-endpoints'

/** The caller's endpoint that the path names. */
export function endpointRef(request: FastifyRequest, params: { id: string }): EndpointRef {
  const endpointId = parseId('endpoint', params.id)
  if (endpointId === null) throw endpointNotFound()
  return { endpointId, resellerId: ownerOf(request) }
}
