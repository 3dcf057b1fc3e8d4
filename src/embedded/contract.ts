export interface EmbeddedLogger {
  info(message: string): void
  warn(message: string): void
}

export interface EmbeddedServer {
  url: string
  /** Ends the server cleanly; calling it again waits for the same end. */
  stop(): Promise<void>
}

export interface EmbeddedPostgresOptions {
  /** Holds everything this server keeps between runs; created if missing. */
  dataDir: string
  logger?: EmbeddedLogger
  /** `false` trades crash safety for speed: for throw-away test clusters only. */
  durable?: boolean
  sharedBuffersMb?: number
}

export interface EmbeddedValkeyOptions {
  logger?: EmbeddedLogger
  maxMemoryMb?: number
}

export const silentLogger: EmbeddedLogger = { info() {}, warn() {} }

/** What to do instead wherever the bundled servers cannot run. */
export const USE_YOUR_OWN = 'set DATABASE_URL and REDIS_URL to use your own PostgreSQL and Redis'

export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
