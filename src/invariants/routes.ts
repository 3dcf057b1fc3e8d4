/** The invariants, evaluated on demand. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { operation, Ref } from '../http/index.ts'
import type { Db } from '../kit/db/index.ts'
import { checkInvariants, type InvariantReport } from './check-invariants.ts'
import { InvariantReportSchema } from './schemas.ts'

export interface InvariantsDeps {
  readonly db: Db
}

export const invariantsRoutes =
  ({ db }: InvariantsDeps): FastifyPluginAsyncTypebox =>
  async app => {
    const check = oneAtATime(() => checkInvariants(db))
    app.route({
      method: 'GET',
      url: '/v1/admin/invariants',
      ...operation({
        id: 'checkInvariants',
        tag: 'Operator: system',
        summary: 'Check that money, stock and orders agree',
        description:
          'Evaluated now, in one snapshot of the database, while orders go on. Takes seconds when there are millions of orders. Repairs nothing.',
        access: { role: 'operator', scope: 'system:read' },
        response: { 200: Ref(InvariantReportSchema) }
      }),
      handler: async () => {
        const { ok, checkedAt, data } = await check()
        return {
          ok,
          checkedAt: checkedAt.toISOString(),
          data: data.map(result => ({ ...result, sample: result.sample.map(row => ({ ...row })) }))
        }
      }
    })
  }

/**
 * A check reads whole tables, so only one runs; callers that come meanwhile share the next, which begins after they asked.
 */
function oneAtATime(run: () => Promise<InvariantReport>): () => Promise<InvariantReport> {
  let running: Promise<InvariantReport> | undefined
  let next: Promise<InvariantReport> | undefined
  const start = (): Promise<InvariantReport> => {
    next = undefined
    const current = run().finally(() => {
      if (running === current) running = undefined
    })
    running = current
    return current
  }
  return () => {
    if (running === undefined) return start()
    next ??= running.then(start, start)
    return next
  }
}
