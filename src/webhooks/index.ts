export { type WebhooksDeps, webhooksRoutes } from './routes.ts'
export { webhooksSchemas } from './schemas.ts'
