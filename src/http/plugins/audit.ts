/** Every request of an operator that may change something is an action of the audit trail: no route has to ask for it. */
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { asAction } from '../../kit/audit.ts'

/** Values that are credentials, cards, or may hold some, whatever route they belong to. */
const SECRET_NAMES = /secret|password|token|credential|config|cards|pin$|key$/i
/** A longer body is named by its size: the trail says who did what, it is no copy of the data. */
const DETAIL_MAX_CHARACTERS = 8_000

export const auditPlugin = fp(
  async app => {
    app.addHook('preHandler', (request, _reply, done) => {
      if (!isAction(request)) return done()
      asAction(
        {
          actor: request.principal?.actor ?? 'unknown',
          name: String((request.routeOptions.schema as { operationId?: string } | undefined)?.operationId),
          requestId: request.id,
          target: (request.params ?? {}) as Record<string, unknown>,
          detail: { ip: request.ip, ...described('query', request.query), ...described('body', request.body) }
        },
        done
      )
    })
  },
  { name: 'audit', dependencies: ['auth', 'request-context'] }
)

const isAction = ({ method, principal }: FastifyRequest): boolean => principal?.role === 'operator' && method !== 'GET' && method !== 'HEAD'

function described(name: string, value: unknown): Record<string, unknown> {
  const text = isPlain(value) ? JSON.stringify(value, withoutSecrets) : undefined
  if (text === undefined || text === '{}') return {}
  return { [name]: text.length <= DETAIL_MAX_CHARACTERS ? JSON.parse(text) : { characters: text.length } }
}

/** Not the stream of an import. */
const isPlain = (value: unknown): boolean =>
  Array.isArray(value) || (typeof value === 'object' && value !== null && [Object.prototype, null].includes(Object.getPrototypeOf(value)))

const withoutSecrets = (name: string, value: unknown): unknown => (name !== '' && SECRET_NAMES.test(name) ? '(not kept)' : value)
