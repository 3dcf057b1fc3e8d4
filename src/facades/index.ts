export { createHostPaths } from './host.ts'
export { createFacadeLogins } from './login.ts'
export { facadesRoutes } from './routes.ts'
export { facadesSchemas } from './schemas.ts'
