/** Health and metrics. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { List, operation, Str } from './http/index.ts'
import { statement } from './kit/db/index.ts'
import { unavailable } from './kit/errors.ts'
import type { Services } from './services.ts'

const PING = statement('ping', 'SELECT 1 AS one')

/** A dependency that says nothing for this long is away; shorter than a health check's own patience. */
const CHECK_MAX_MS = 2_000

const Live = Type.Object({ status: Str(20, { examples: ['ok'] }) })
const Check = Type.Object({
  name: Str(40, { examples: ['redis'] }),
  ok: Type.Boolean(),
  effect: Type.Optional(Str(300, { description: 'What that means, where it is not ok.' }))
})
const Ready = Type.Object({
  status: Str(20, {
    description: '`ok`; `degraded`: takes orders, and something beside that does not work; `intake_stopped`: works, and takes no new orders.',
    examples: ['ok']
  }),
  checks: List(Check, 10)
})

type SystemDeps = Pick<Services, 'db' | 'redis' | 'metrics' | 'intake'>

const answers = async (pending: Promise<unknown>): Promise<boolean> => {
  let timer: NodeJS.Timeout | undefined
  const silence = new Promise<false>(resolve => {
    timer = setTimeout(resolve, CHECK_MAX_MS, false)
  })
  const answer = pending.then(
    () => true,
    () => false
  )
  return await Promise.race([answer, silence]).finally(() => clearTimeout(timer))
}

const INTAKE_STOPPED = { name: 'intake', ok: false, effect: 'A broken invariant has stopped new orders; all else goes on. See GET /v1/admin/intake.' }

/** Throws: `dependency_unavailable`. */
async function checkReadiness({ db, redis, metrics, intake }: SystemDeps) {
  const [database, hint] = await Promise.all([answers(db.query(PING)), answers(redis.ping())])
  if (!database) throw unavailable('The database cannot be reached right now.')
  const failing = metrics.failingJobs()
  const checks = [
    { name: 'database', ok: true },
    {
      name: 'redis',
      ok: hint,
      ...(hint ? {} : { effect: 'Orders go on with row locks alone: correct, and slower where several instances sell one SKU.' })
    },
    { name: 'jobs', ok: failing.length === 0, ...(failing.length === 0 ? {} : { effect: `Failing again and again: ${failing.join(', ')}.` }) }
  ]
  if (intake.refusal() !== null) return { status: 'intake_stopped', checks: [...checks, INTAKE_STOPPED] }
  return { status: checks.every(({ ok }) => ok) ? 'ok' : 'degraded', checks: [...checks, { name: 'intake', ok: true }] }
}

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
          'Without Redis the answer is 200 and `degraded`: orders go on. While a broken invariant has stopped the intake of orders it is 200 and `intake_stopped`: all but new orders goes on, so the instance must stay in. Without PostgreSQL, and while the instance shuts down, it is 503.',
        access: 'public',
        response: { 200: Ready }
      }),
      handler: async () => {
        if (app.isDraining()) throw unavailable('This instance is shutting down.')
        return await checkReadiness(deps)
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
