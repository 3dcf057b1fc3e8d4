export { webhooksRoutes } from './routes.ts'
export { webhooksSchemas } from './schemas.ts'
