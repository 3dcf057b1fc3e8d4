import type { Static } from 'typebox'
import type { AuditEntry } from './entry.ts'
import type { AuditEntrySchema, AuditReportSchema } from './schemas.ts'
import type { AuditReport } from './verify-audit-log.ts'

export const toApiEntry = (entry: AuditEntry): Static<typeof AuditEntrySchema> => ({
  ...entry,
  at: entry.at.toISOString(),
  target: { ...entry.target },
  detail: { ...entry.detail }
})

export const toApiReport = ({ checkedAt, ...report }: AuditReport): Static<typeof AuditReportSchema> => ({
  ...report,
  checkedAt: checkedAt.toISOString()
})
