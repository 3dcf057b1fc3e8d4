export { checkInvariants, type InvariantReport, type RuleResult } from './check-invariants.ts'
export { type InvariantsDeps, invariantsRoutes } from './routes.ts'
export { invariantsSchemas } from './schemas.ts'
