export type {
  EmbeddedLogger,
  EmbeddedPostgresOptions,
  EmbeddedServer,
  EmbeddedValkeyOptions
} from './contract.ts'
export { startEmbeddedPostgres } from './postgres.ts'
export { createTempDataDir } from './temp-data-dir.ts'
export { startEmbeddedValkey } from './valkey.ts'
