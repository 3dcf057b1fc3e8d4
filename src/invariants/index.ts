export { checkInvariants, type InvariantReport } from './check-invariants.ts'
export { invariantsRoutes } from './routes.ts'
export { invariantsSchemas } from './schemas.ts'
