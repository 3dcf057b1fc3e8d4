export type {
  EmbeddedLogger,
  EmbeddedPostgresOptions,
  EmbeddedServer,
  EmbeddedValkeyOptions
} from './contract.ts'
export { startEmbeddedPostgres } from './postgres.ts'
export { startEmbeddedValkey } from './valkey.ts'
