/** The trail of operators' actions, and its verification. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { type Access, operation, pageLimit, Ref } from '../http/index.ts'
import type { CursorCodec } from '../kit/cursor.ts'
import type { Db } from '../kit/db/index.ts'
import { invalid } from '../kit/errors.ts'
import { toApiEntry, toApiReport } from './convert.ts'
import { listEntries } from './repository.ts'
import { AuditPage, AuditQuery, AuditReportSchema, VerifyQuery } from './schemas.ts'
import { verifyAuditLog } from './verify-audit-log.ts'

export interface AuditDeps {
  readonly db: Db
  readonly cursors: CursorCodec
}

const TAG = 'Operator: system'
const READ: Access = { role: 'operator', scope: 'system:read' }

export const auditRoutes =
  ({ db, cursors }: AuditDeps): FastifyPluginAsyncTypebox =>
  async app => {
    app.route({
      method: 'GET',
      url: '/v1/admin/audit',
      ...operation({
        id: 'listAuditEntries',
        tag: TAG,
        summary: 'List what operators did, newest first',
        description: 'Each request of an operator that changed something, written in the transaction of the change. It cannot be changed.',
        access: READ,
        query: AuditQuery,
        response: { 200: Ref(AuditPage) }
      }),
      handler: async ({ query }) => {
        const { actor = null, action = null } = query
        const list = `audit:${JSON.stringify([actor, action])}`
        const limit = pageLimit(query)
        const before = query.cursor === undefined ? null : String(cursors.decode(list, query.cursor)[0])
        const rows = await listEntries(db, { actor, action }, { before, limit: limit + 1 })
        const last = rows.length > limit ? rows[limit - 1] : undefined
        return { data: rows.slice(0, limit).map(toApiEntry), nextCursor: last === undefined ? null : cursors.encode(list, [last.seq]) }
      }
    })
    app.route({
      method: 'GET',
      url: '/v1/admin/audit/verification',
      ...operation({
        id: 'verifyAuditLog',
        tag: TAG,
        summary: 'Prove that the trail is what was written',
        description:
          'Calculates every hash anew, in one snapshot; seconds for a million entries. With `seq` and `hash` of an earlier report or log line it ' +
          'also proves that everything up to there is as it was then, whoever has had the database since.',
        access: READ,
        query: VerifyQuery,
        response: { 200: Ref(AuditReportSchema) }
      }),
      handler: async ({ query: { seq, hash } }) => {
        if ((seq === undefined) !== (hash === undefined)) throw invalid('/query', '`seq` and `hash` come together')
        return toApiReport(await verifyAuditLog(db, seq === undefined || hash === undefined ? null : { seq, hash }))
      }
    })
  }
