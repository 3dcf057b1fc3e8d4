/** `src/**\/tables.ts` repeats what the SQL says: whatever it repeats must be true. */
import { readdir } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { query } from './guarantees.ts'

const { getTableConfig, PgTable } = createRequire(import.meta.url)('drizzle-orm/pg-core') as typeof import('drizzle-orm/pg-core')

const ROOT = dirname(dirname(import.meta.dirname))

interface Column {
  readonly type: string
  readonly required: boolean
}

/** `table.column` → what the database says. */
type Columns = ReadonlyMap<string, Column>

async function readColumns(databaseUrl: string): Promise<Columns> {
  const rows = await query(databaseUrl, async client => {
    const result = await client.query<{ name: string; type: string; required: boolean }>(
      `SELECT c.relname || '.' || a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull AS required
         FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped`
    )
    return result.rows
  })
  return new Map(rows.map(({ name, ...column }) => [name, column]))
}

async function definedTables(): Promise<{ file: string; table: InstanceType<typeof PgTable> }[]> {
  const files = (await readdir(join(ROOT, 'src'), { recursive: true })).filter(file => /(^|[/-])tables\.ts$/.test(file))
  const tables = files.map(async file => {
    const exported: Record<string, unknown> = await import(pathToFileURL(join(ROOT, 'src', file)).href)
    return Object.values(exported).flatMap(value => (value instanceof PgTable ? [{ file: `src/${file}`, table: value }] : []))
  })
  return (await Promise.all(tables)).flat()
}

/** PostgreSQL's own spelling of a type. */
const spelling = (type: string): string =>
  type
    .replace(/^char\b/, 'character')
    .replace(/^varchar\b/, 'character varying')
    .replace(/^timestamp( \(\d\))? with time zone$/, 'timestamp with time zone')

/** On a migrated database: every table and column of `tables.ts` is there, with the same type and the same NOT NULL. */
export async function tablesMatch(databaseUrl: string): Promise<string[]> {
  const columns = await readColumns(databaseUrl)
  const tables = await definedTables()
  if (tables.length === 0) return ['no table was found in src: this check sees nothing']
  return tables.flatMap(({ file, table }) => {
    const { name: tableName, columns: defined } = getTableConfig(table)
    return defined.flatMap(column => {
      const name = `${tableName}.${column.name}`
      const actual = columns.get(name)
      if (actual === undefined) return [`${file}: ${name} is not in the database`]
      const type = spelling(column.getSQLType())
      return [
        ...(type === actual.type ? [] : [`${file}: ${name} is ${actual.type}, not ${type}`]),
        ...(column.notNull === actual.required ? [] : [`${file}: ${name} is ${actual.required ? 'NOT NULL' : 'nullable'} in the database`])
      ]
    })
  })
}
