/** Backup and restore of a cluster with nothing but PostgreSQL's own server program: a copy of its files, and its log as it was archived. */
import { appendFileSync, chownSync, copyFileSync, mkdtempSync, type Stats, statSync, writeFileSync } from 'node:fs'
import { copyFile, mkdir, readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type pg from 'pg'

/** Belongs to whom the server runs as; PostgreSQL refuses data of others. */
function give(path: string, { uid, gid }: Stats): void {
  if (process.getuid?.() === 0) chownSync(path, uid, gid)
}

const clusterOf = (dataDir: string): string => join(dataDir, 'postgres')

/** A directory that the server's account may write. */
export function createArchive(dataDir: string): string {
  const archive = mkdtempSync(join(tmpdir(), 'kahub-wal-'))
  give(archive, statSync(clusterOf(dataDir)))
  return archive
}

/** Takes effect at the next start. */
export async function archiveTo(client: pg.Client, archive: string): Promise<void> {
  await client.query('ALTER SYSTEM SET archive_mode = on')
  await client.query(`ALTER SYSTEM SET archive_command = 'test ! -f ${archive}/%f && cp %p ${archive}/%f'`)
}

/** Left out of a copy, or copied without what is in them: the log comes from the archive, the rest belongs to the running server. */
const LEFT_OUT = new Set(['postmaster.pid', 'postmaster.opts'])
const EMPTIED = new Set(['pg_wal', 'pg_replslot', 'pg_dynshmem', 'pg_notify', 'pg_serial', 'pg_snapshots', 'pg_stat_tmp', 'pg_subtrans'])

async function copyTree(from: string, to: string, owner: Stats, top = true): Promise<void> {
  await mkdir(to, { mode: 0o700, recursive: true })
  give(to, owner)
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)]
    if (top && LEFT_OUT.has(entry.name)) continue
    if (top && EMPTIED.has(entry.name)) await mkdir(target, { mode: 0o700 })
    else if (entry.isDirectory()) await copyTree(source, target, owner, false)
    else if (!(await copyIfThere(source, target))) continue
    give(target, owner)
  }
}

/** The server removes files while it runs; what needs them later is in its log. */
const copyIfThere = (source: string, target: string): Promise<boolean> =>
  copyFile(source, target).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false
      throw error
    }
  )

/** Copies a running cluster into another data directory. The connection that begins a backup must also end it. */
export async function copyRunning(client: pg.Client, dataDir: string, target: string): Promise<void> {
  const owner = statSync(clusterOf(dataDir))
  const copy = clusterOf(target)
  await client.query("SELECT pg_backup_start('drill', fast => true)")
  await copyTree(clusterOf(dataDir), copy, owner)
  const { rows } = await client.query<{ labelfile: string }>('SELECT labelfile FROM pg_backup_stop(wait_for_archive => true)')
  writeFileSync(join(copy, 'backup_label'), rows[0]?.labelfile ?? '', { mode: 0o600 })
  give(join(copy, 'backup_label'), owner)
  copyFileSync(join(dataDir, 'postgres.password'), join(target, 'postgres.password'))
}

/** The next start of the copy replays the archive up to this time, and then takes writes. */
export function recoverTo(target: string, archive: string, time: string): void {
  const copy = clusterOf(target)
  appendFileSync(
    join(copy, 'postgresql.auto.conf'),
    `\narchive_mode = off\nrestore_command = 'cp ${archive}/%f %p'\nrecovery_target_time = '${time}'\nrecovery_target_action = 'promote'\n`
  )
  writeFileSync(join(copy, 'recovery.signal'), '', { mode: 0o600 })
  give(join(copy, 'recovery.signal'), statSync(copy))
}
