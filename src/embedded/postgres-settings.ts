// Small next to the memory of any machine that serves; too small shows as reads of hot rows from the file cache.
export const DEFAULT_SHARED_BUFFERS_MB = 256
// Every instance's pools together have to stay below this, or connecting fails.
const MAX_CONNECTIONS = 100
// Fewer forced checkpoints means fewer full-page images in the log; a crash replays at most about this much.
const MAX_WAL_SIZE = '4GB'
const CHECKPOINT_TIMEOUT = '15min'
// Queue-like tables (outbox, jobs, idempotency) turn over fast; a minute between visits lets them bloat.
const AUTOVACUUM_NAPTIME = '10s'
// Larger than the hot set costs nothing: it is an estimate for the planner, not an allocation.
const EFFECTIVE_CACHE_SIZE = '2GB'

export interface PostgresSettings {
  port: number
  durable: boolean
  sharedBuffersMb: number
}

/**
 * Settings as `-c` arguments. They are given at each start instead of being written into the data directory, so that
 * an upgrade of kahub takes effect on existing data.
 */
export function postgresArguments({ port, durable, sharedBuffersMb }: PostgresSettings): string[] {
  const settings: Record<string, string | number> = {
    cluster_name: 'kahub',
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: '',
    max_connections: MAX_CONNECTIONS,
    password_encryption: 'scram-sha-256',
    shared_buffers: `${sharedBuffersMb}MB`,
    effective_cache_size: EFFECTIVE_CACHE_SIZE,
    max_wal_size: MAX_WAL_SIZE,
    checkpoint_timeout: CHECKPOINT_TIMEOUT,
    // The bundled build has neither lz4 nor zstd, and pglz costs more processor time than the bytes are worth.
    wal_compression: 'off',
    autovacuum_naptime: AUTOVACUUM_NAPTIME,
    io_method: 'worker',
    random_page_cost: 1.1,
    jit: 'off',
    timezone: 'UTC',
    log_timezone: 'UTC',
    fsync: durable ? 'on' : 'off',
    full_page_writes: durable ? 'on' : 'off',
    synchronous_commit: durable ? 'on' : 'off',
    // No statement and no parameter may reach the log, because both can carry card secrets. Failed statements are the
    // application's to report; `log` keeps the server's own life, and terse leaves out what a crashed backend ran.
    log_min_messages: 'log',
    log_min_error_statement: 'panic',
    log_error_verbosity: 'terse',
    log_statement: 'none',
    log_parameter_max_length: 0,
    log_parameter_max_length_on_error: 0
  }
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
}
