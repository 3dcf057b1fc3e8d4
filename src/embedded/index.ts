export { startEmbeddedPostgres } from './postgres.ts'
export { createTempDataDir } from './temp-data-dir.ts'
export { startEmbeddedValkey } from './valkey.ts'
