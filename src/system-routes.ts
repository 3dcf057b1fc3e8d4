/** Health and metrics. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { List, operation, Str } from './http/index.ts'
import { statement } from './kit/db/index.ts'
import { unavailable } from './kit/errors.ts'
import type { Services } from './services.ts'

const PING = statement('ping', 'SELECT 1 AS one')

const Live = Type.Object({ status: Str(20, { examples: ['ok'] }) })
const Ready = Type.Object({
  status: Str(20, { description: '`ok`; `degraded`: works, without Redis; `intake_stopped`: works, and takes no new orders.', examples: ['ok'] }),
  checks: List(Type.Object({ name: Str(40), ok: Type.Boolean() }), 10)
})

type SystemDeps = Pick<Services, 'db' | 'redis' | 'metrics' | 'intake'>

export const systemRoutes =
  (deps: SystemDeps): FastifyPluginAsyncTypebox =>
  async app => {
    app.route({
      method: 'GET',
      url: '/health/live',
      ...operation({ id: 'live', tag: 'System', summary: 'Is the process alive?', access: 'public', response: { 200: Live } }),
      handler: async () => ({ status: 'ok' })
    })
    app.route({
      method: 'GET',
      url: '/health/ready',
      ...operation({
        id: 'ready',
        tag: 'System',
        summary: 'Can it take orders?',
        description:
          'Without Redis the answer is 200 and `degraded`: orders go on. While a broken invariant has stopped the intake of orders it is 200 and `intake_stopped`: all but new orders goes on, so the instance must stay in. Without PostgreSQL it is 503.',
        access: 'public',
        response: { 200: Ready }
      }),
      handler: async () => {
        const [database, redis] = await Promise.all([
          deps.db.query(PING).then(
            () => true,
            () => false
          ),
          deps.redis.ping().then(
            () => true,
            () => false
          )
        ])
        if (!database) throw unavailable('The database cannot be reached right now.')
        const intake = deps.intake.refusal() === null
        return {
          status: intake ? (redis ? 'ok' : 'degraded') : 'intake_stopped',
          checks: [
            { name: 'database', ok: true },
            { name: 'redis', ok: redis },
            { name: 'intake', ok: intake }
          ]
        }
      }
    })
    app.route({
      method: 'GET',
      url: '/metrics',
      ...operation({
        id: 'metrics',
        tag: 'System',
        summary: 'Prometheus metrics of this process',
        access: { role: 'operator', scope: 'system:read' },
        response: {
          200: { description: 'The text format of Prometheus.', content: { 'text/plain': { schema: Type.String({ maxLength: 1_000_000 }) } } }
        }
      }),
      handler: async (_request, reply) => {
        reply.header('content-type', deps.metrics.registry.contentType).serializer((payload: unknown) => String(payload))
        return await deps.metrics.registry.metrics()
      }
    })
  }
