/** The invariants, evaluated on demand, and the intake of orders that they stop. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { type Access, operation, principalOf, Ref } from '../http/index.ts'
import type { Db } from '../kit/db/index.ts'
import { checkInvariants, type InvariantReport, type RuleResult } from './check-invariants.ts'
import type { IntakeGate } from './intake-gate.ts'
import { type LoggedChange, listIntakeChanges } from './repository.ts'
import { resumeIntake } from './resume-intake.ts'
import { INTAKE_CHANGES_MAX, IntakeSchema, InvariantReportSchema, ResumeIntakeBody } from './schemas.ts'

export interface InvariantsDeps {
  readonly db: Db
  readonly intake: IntakeGate
}

type App = Parameters<FastifyPluginAsyncTypebox>[0]

const TAG = 'Operator: system'
const READ: Access = { role: 'operator', scope: 'system:read' }
const WRITE: Access = { role: 'operator', scope: 'system:write' }

export const invariantsRoutes =
  (deps: InvariantsDeps): FastifyPluginAsyncTypebox =>
  async app => {
    checkRoute(app, deps)
    intakeRoute(app, deps)
    resumeRoute(app, deps)
  }

function checkRoute(app: App, { db }: InvariantsDeps): void {
  const check = oneAtATime(() => checkInvariants(db))
  app.route({
    method: 'GET',
    url: '/v1/admin/invariants',
    ...operation({
      id: 'checkInvariants',
      tag: TAG,
      summary: 'Check that money, stock and orders agree',
      description:
        'Evaluated now, in one snapshot of the database, while orders go on. Takes seconds when there are millions of orders. Repairs nothing.',
      access: READ,
      response: { 200: Ref(InvariantReportSchema) }
    }),
    handler: async () => {
      const { ok, checkedAt, data } = await check()
      return { ok, checkedAt: checkedAt.toISOString(), data: toApiRules(data) }
    }
  })
}

function intakeRoute(app: App, deps: InvariantsDeps): void {
  app.route({
    method: 'GET',
    url: '/v1/admin/intake',
    ...operation({
      id: 'getIntake',
      tag: TAG,
      summary: 'Are orders taken, and if not, why?',
      description:
        'Money is verified as it moves, and everything else all the time. What is broken stops the intake of new orders on every instance: they are answered 503 `dependency_unavailable`. ' +
        'Everything else goes on: reads, reveals, repeated requests, cancellations, and orders that wait.',
      access: READ,
      response: { 200: Ref(IntakeSchema) }
    }),
    handler: async () => await readApiIntake(deps)
  })
}

function resumeRoute(app: App, deps: InvariantsDeps): void {
  app.route({
    method: 'POST',
    url: '/v1/admin/intake/resume',
    ...operation({
      id: 'resumeIntake',
      tag: TAG,
      summary: 'Take orders again',
      description:
        'Evaluates every rule anew, which takes seconds when there are millions of orders; `state_conflict`: one about money or stock is still broken. ' +
        'Other instances take orders again within seconds. Doing it again changes nothing.',
      access: WRITE,
      body: ResumeIntakeBody,
      response: { 200: Ref(IntakeSchema) },
      errors: ['state_conflict']
    }),
    handler: async request => {
      await resumeIntake(deps.db, { actor: principalOf(request).actor, note: request.body.note ?? null })
      return await readApiIntake(deps)
    }
  })
}

async function readApiIntake({ db, intake }: InvariantsDeps) {
  const [{ stoppedAt, reasons, verifiedAt }, changes] = await Promise.all([intake.refresh(), listIntakeChanges(db, INTAKE_CHANGES_MAX)])
  return {
    state: stoppedAt === null ? ('open' as const) : ('stopped' as const),
    stoppedAt: stoppedAt?.toISOString() ?? null,
    reasons: toApiRules(reasons),
    verifiedAt: verifiedAt?.toISOString() ?? null,
    changes: changes.map(toApiChange)
  }
}

const toApiRules = (rules: readonly RuleResult[]) => rules.map(rule => ({ ...rule, sample: rule.sample.map(row => ({ ...row })) }))

const toApiChange = ({ kind, actor, note, reasons, createdAt }: LoggedChange) => ({
  kind,
  actor,
  note,
  rules: reasons.map(({ name }) => name),
  createdAt: createdAt.toISOString()
})

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
