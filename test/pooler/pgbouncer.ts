/** A real PgBouncer in transaction mode before a database server: few connections to the server, handed round after every transaction. */
import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'

/** Fewer than any test's clients, so that two transactions of one client hardly ever meet the same connection. */
const SERVER_CONNECTIONS = 6
const START_MAX_MS = 10_000
const POLL_MS = 50

export interface Pooler {
  readonly host: string
  /** The URL of a database of the server, by way of the pooler. */
  url(databaseUrl: string): string
  stop(): Promise<void>
}

function settings(server: URL, port: number, usersFile: string): string {
  return `[databases]
* = host=${server.hostname} port=${server.port} password=${server.password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = plain
auth_file = ${usersFile}
pool_mode = transaction
default_pool_size = ${SERVER_CONNECTIONS}
max_client_conn = 1000
server_idle_timeout = 1
ignore_startup_parameters = extra_float_digits
log_connections = 0
log_disconnections = 0
`
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise(resolve => server.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** Throws an Error that says what is missing. */
export async function startPgbouncer(serverUrl: string, logins: readonly { user: string; password: string }[]): Promise<Pooler> {
  const server = new URL(serverUrl)
  const directory = mkdtempSync(join(tmpdir(), 'kahub-pooler-'))
  const port = await freePort()
  const users = join(directory, 'users.txt')
  writeFileSync(users, logins.map(({ user, password }) => `"${user}" "${password}"\n`).join(''))
  const file = join(directory, 'pgbouncer.ini')
  writeFileSync(file, settings(server, port, users))
  chmodSync(directory, 0o755)
  // It refuses to run as root.
  const args = process.getuid?.() === 0 ? ['-u', 'nobody', file] : [file]
  const child = spawn('pgbouncer', args, { stdio: ['ignore', 'ignore', 'pipe'] })
  let output = ''
  child.stderr.on('data', chunk => {
    output += String(chunk)
  })
  const host = `127.0.0.1:${port}`
  const url = (databaseUrl: string): string => {
    const pooled = new URL(databaseUrl)
    pooled.host = host
    return pooled.href
  }
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.pid !== undefined) {
      const ended = new Promise(resolve => child.once('exit', resolve))
      child.kill('SIGINT')
      await ended
    }
    rmSync(directory, { recursive: true, force: true })
  }
  try {
    await untilItAnswers(child, url(serverUrl))
    return { host, url, stop }
  } catch (error) {
    await stop()
    throw new Error(`pgbouncer does not run (apt-get install pgbouncer): ${String(error)}\n${output}`)
  }
}

async function untilItAnswers(child: ChildProcess, url: string): Promise<void> {
  let failure: Error | undefined
  child.once('error', error => {
    failure = error
  })
  const deadline = Date.now() + START_MAX_MS
  for (;;) {
    if (failure !== undefined) throw failure
    const client = new pg.Client({ connectionString: url })
    client.on('error', () => undefined)
    try {
      await client.connect()
      await client.query('SELECT 1')
      return
    } catch (error) {
      if (child.exitCode !== null || Date.now() > deadline) throw error
    } finally {
      await client.end().catch(() => undefined)
    }
    await new Promise(resolve => setTimeout(resolve, POLL_MS))
  }
}
