export { noteHead } from './jobs.ts'
export { auditRoutes } from './routes.ts'
export { auditSchemas } from './schemas.ts'
export { verifyAuditLog } from './verify-audit-log.ts'
