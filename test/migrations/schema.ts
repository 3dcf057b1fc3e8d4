/** The whole schema `public` as lines of text: two databases with the same lines behave the same. Rows are not in it. */
import type { Client } from 'pg'

/** Each part names the object first. No oids, no timestamps: nothing that differs between two equal databases. */
const PARTS = [
  `SELECT format('relation %s %s %s %s %s', c.relname, c.relkind, c.reloptions, c.relacl, c.relrowsecurity)
     FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'S')`,
  `SELECT format('column %s.%s %s %s %s %s %s %s %s', c.relname, a.attname, a.attnum, format_type(a.atttypid, a.atttypmod), a.attnotnull,
       a.attidentity, a.attgenerated, a.attacl, pg_get_expr(d.adbin, d.adrelid))
     FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm') AND a.attnum > 0 AND NOT a.attisdropped`,
  `SELECT format('constraint %s.%s %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
     FROM pg_constraint WHERE connamespace = 'public'::regnamespace`,
  `SELECT format('index %s', pg_get_indexdef(i.indexrelid))
     FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relnamespace = 'public'::regnamespace`,
  `SELECT format('trigger %s %s', t.tgenabled, pg_get_triggerdef(t.oid))
     FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE c.relnamespace = 'public'::regnamespace AND NOT t.tgisinternal`,
  `SELECT format('function %s %s', p.proacl, pg_get_functiondef(p.oid))
     FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace AND p.prokind IN ('f', 'p')`,
  `SELECT format('type %s %s', t.typname, array_agg(e.enumlabel ORDER BY e.enumsortorder))
     FROM pg_type t JOIN pg_enum e ON e.enumtypid = t.oid WHERE t.typnamespace = 'public'::regnamespace GROUP BY t.typname`,
  `SELECT format('policy %s', to_jsonb(p)) FROM pg_policies p WHERE p.schemaname = 'public'`,
  `SELECT format('extension %s %s', extname, extversion) FROM pg_extension`
]

export async function readSchema(client: Client): Promise<string[]> {
  const { rows } = await client.query<{ line: string }>(`SELECT line FROM (${PARTS.join('\nUNION ALL\n')}) AS parts (line) ORDER BY line`)
  return rows.map(({ line }) => line)
}

/** `- ` only before, `+ ` only after. */
export function compareSchemas(before: readonly string[], after: readonly string[]): string[] {
  const old = new Set(before)
  const young = new Set(after)
  return [...before.filter(line => !young.has(line)).map(line => `- ${line}`), ...after.filter(line => !old.has(line)).map(line => `+ ${line}`)]
}
