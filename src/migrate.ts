/** Applies pending migrations and exits; non-zero on failure. */
import { migrate } from './kit/db/index.ts'

const databaseUrl = process.env['KAHUB_MIGRATION_URL'] ?? process.env['DATABASE_URL']
if (!databaseUrl) {
  process.stderr.write('Set DATABASE_URL (or KAHUB_MIGRATION_URL) to the database to migrate; the embedded one migrates by itself at start.\n')
  process.exit(1)
}
try {
  const { applied } = await migrate({ databaseUrl, log: line => process.stdout.write(`${line}\n`) })
  process.stdout.write(applied.length === 0 ? 'nothing to apply\n' : `${applied.length} applied\n`)
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`)
  process.exit(1)
}
