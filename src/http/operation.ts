/**
 * One operation of the API: who may call it, what it takes, what it answers. Spread the result into `app.route({ … })`.
 * The access declaration is what `plugins/auth.ts` enforces; a route without one does not boot.
 */
import { type TSchema, Type } from 'typebox'
import type { ErrorCode } from '../kit/errors.ts'
import { PROBLEM_CONTENT_TYPE, PROBLEMS } from './problem.ts'
import { EXAMPLE_UUID, Str } from './schemas.ts'

export type Role = 'reseller' | 'supplier' | 'operator'

/** `public`: no credential is read. Otherwise the role and, if any, the scope that the key must hold. */
export type Access = 'public' | { readonly role: Role; readonly scope: string }

export interface OperationOptions<B, P, Q, H, R> {
  readonly id: string
  readonly tag: string
  readonly summary: string
  readonly description?: string
  readonly access: Access
  readonly body?: B
  readonly params?: P
  readonly query?: Q
  readonly headers?: H
  /** Success responses by status. */
  readonly response: R
  /** The codes of the command's doc comment; those that every operation shares are added. */
  readonly errors?: readonly ErrorCode[]
  /** Content types of a streamed body, which no schema describes. */
  readonly consumes?: readonly string[]
}

export const idempotencyHeaders = Type.Object({
  'idempotency-key': Type.Optional(
    Str(260, {
      pattern: '^.*$',
      description: 'Required. 1 to 255 visible characters, bare or quoted. The same key and body give the first answer again.',
      examples: ['order-4711']
    })
  )
})

const SHARED_ERRORS: readonly ErrorCode[] = ['rate_limited', 'internal_error', 'overloaded', 'dependency_unavailable']
const AUTH_ERRORS: readonly ErrorCode[] = ['unauthenticated', 'forbidden', 'account_suspended', 'ip_not_allowed']

export function operation<B = undefined, P = undefined, Q = undefined, H = undefined, R extends object = object>(
  options: OperationOptions<B, P, Q, H, R>
) {
  const { id, tag, summary, description, access, body, params, query, headers, response, errors = [], consumes } = options
  // A body that nobody asked for is read all the same, and refused if it cannot be.
  const mayHaveBody = body || consumes || (access !== 'public' && access.scope.endsWith(':write'))
  const inputErrors: ErrorCode[] = mayHaveBody || query || headers ? ['validation_failed'] : []
  const codes = new Set([...inputErrors, ...errors, ...(access === 'public' ? [] : AUTH_ERRORS), ...SHARED_ERRORS])
  if (mayHaveBody) codes.add('payload_too_large').add('unsupported_media_type')
  const parts = { body, params, querystring: query, headers }
  const given = Object.fromEntries(Object.entries(parts).filter(([, part]) => part !== undefined))
  return {
    schema: {
      operationId: id,
      tags: [tag],
      summary,
      description: [...(description === undefined ? [] : [description]), whoMay(access)].join(' '),
      ...(consumes === undefined ? {} : { consumes: [...consumes] }),
      security: access === 'public' ? [] : [{ [`${access.role}Key`]: [] }, ...(access.role === 'operator' ? [{ operatorJwt: [] }] : [])],
      ...(given as { body: B; params: P; querystring: Q; headers: H }),
      response
    },
    // Apart from the schema: sent as they are, problems need no serializer, and one for each status of each route took seconds to build.
    config: { access, problems: problemResponses([...codes]) }
  }
}

const whoMay = (access: Access): string => (access === 'public' ? 'Needs no API key.' : `Needs the scope \`${access.scope}\`.`)

function problemResponses(codes: readonly ErrorCode[]): Record<number, unknown> {
  const byStatus = Map.groupBy(codes, code => PROBLEMS[code].status)
  return Object.fromEntries(
    [...byStatus].map(([status, group]) => [
      status,
      {
        description: group.map(code => `\`${code}\`: ${PROBLEMS[code].title}.`).join(' '),
        ...(status === 429 || status === 503 || group.includes('request_in_progress') ? { headers: retryHeader } : {}),
        content: {
          [PROBLEM_CONTENT_TYPE]: {
            schema: { $ref: 'Problem#' } as unknown as TSchema,
            examples: Object.fromEntries(group.map(code => [code, { value: exampleProblem(code) }]))
          }
        }
      }
    ])
  )
}

const retryHeader = { 'Retry-After': { description: 'Seconds to wait.', type: 'integer', format: 'int32', minimum: 0, maximum: 86_400 } }

function exampleProblem(code: ErrorCode): object {
  const { status, title, advice, retryable } = PROBLEMS[code]
  return {
    type: `/docs/problems/${code}`,
    title,
    status,
    detail: advice,
    instance: '/v1/…',
    code,
    requestId: EXAMPLE_UUID,
    retryable: retryable === true,
    ...(code === 'validation_failed' ? { errors: [{ pointer: '/quantity', message: 'must be integer' }] } : {})
  }
}
