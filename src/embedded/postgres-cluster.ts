import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  chownSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync
} from 'node:fs'
import { basename, join } from 'node:path'
import type { Account } from './account.ts'
import { errorMessage } from './contract.ts'

const MAJOR_VERSION = '18'
const PASSWORD_FILE = 'postgres.password'
const PASSWORD_BYTES = 24
export const ROLE = 'kahub'

export interface Cluster {
  directory: string
  account: Account | undefined
  binDir: string
}

/** Nothing of our environment: it holds keys, and these processes may run as another user. */
export function serverEnvironment(): NodeJS.ProcessEnv {
  return { LC_ALL: 'C', PATH: process.env.PATH ?? '/usr/bin:/bin' }
}

/**
 * How the server names its data directory. It is started inside it; when it runs under another account it may not be
 * able to walk there by path (below /root, for example), but a directory one is in needs no path. This way no foreign
 * directory has to be opened up and the account needs no privilege.
 */
export function dataArgument({ directory, account }: Cluster): string {
  return account && process.platform === 'linux' ? '/proc/self/cwd' : directory
}

function initdb(cluster: Cluster, password: string, durable: boolean): Promise<void> {
  const args = ['-D', dataArgument(cluster), '-U', ROLE, '--auth=scram-sha-256', '--pwfile=/dev/stdin']
  args.push('--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8')
  args.push('--data-checksums', '--no-instructions')
  if (!durable) args.push('--no-sync')
  // Through cat, because what Node connects to a child is a socket, which cannot be opened as /dev/stdin.
  const child = spawn('/bin/sh', ['-c', 'cat | "$0" "$@"', join(cluster.binDir, 'initdb'), ...args], {
    ...cluster.account,
    cwd: cluster.directory,
    env: serverEnvironment(),
    stdio: ['pipe', 'ignore', 'pipe']
  })
  let output = ''
  child.stderr.setEncoding('utf8').on('data', chunk => {
    output += chunk
  })
  child.stdin.on('error', () => {})
  child.stdin.end(`${password}\n`)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', code => (code === 0 ? resolve() : reject(new Error(output.trim() || `initdb ended with ${code}`))))
  })
}

function syncDirectory(path: string): void {
  const fd = openSync(path, 'r')
  fsyncSync(fd)
  closeSync(fd)
}

async function create(dataDir: string, cluster: Cluster, durable: boolean): Promise<string> {
  const unfinished = `${basename(cluster.directory)}.new-`
  for (const name of readdirSync(dataDir).filter(entry => entry.startsWith(unfinished))) {
    rmSync(join(dataDir, name), { recursive: true, force: true, maxRetries: 10 })
  }
  const fresh = join(dataDir, unfinished + randomBytes(4).toString('hex'))
  mkdirSync(fresh, { mode: 0o700 })
  if (cluster.account) chownSync(fresh, cluster.account.uid, cluster.account.gid)
  const password = randomBytes(PASSWORD_BYTES).toString('base64url')
  try {
    await initdb({ ...cluster, directory: fresh }, password, durable)
    rmSync(join(dataDir, PASSWORD_FILE), { force: true })
    writeFileSync(join(dataDir, PASSWORD_FILE), `${password}\n`, { mode: 0o600, flush: durable })
    // Last, so that a directory of that name is always a whole cluster with a known password.
    renameSync(fresh, cluster.directory)
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true })
    throw new Error(`PostgreSQL could not create ${cluster.directory}: ${errorMessage(error)}`, { cause: error })
  }
  if (durable) syncDirectory(dataDir)
  return password
}

/** Creates the cluster unless it is there; returns the password of its owner role. */
export async function ensureCluster(dataDir: string, cluster: Cluster, durable: boolean): Promise<string> {
  const versionFile = join(cluster.directory, 'PG_VERSION')
  if (!existsSync(versionFile)) return await create(dataDir, cluster, durable)
  const version = readFileSync(versionFile, 'utf8').trim()
  if (version !== MAJOR_VERSION) {
    throw new Error(
      `${cluster.directory} was written by PostgreSQL ${version} and this is ${MAJOR_VERSION}: start the old version and copy the data over.`
    )
  }
  try {
    return readFileSync(join(dataDir, PASSWORD_FILE), 'utf8').trim()
  } catch (error) {
    throw new Error(
      `The password of the database in ${dataDir} is unreadable (${errorMessage(error)}): restore ${PASSWORD_FILE}, or move the directory away to begin anew.`
    )
  }
}
