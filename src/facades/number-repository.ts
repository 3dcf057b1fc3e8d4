/** SQL of the numbers under which protocols know products and SKUs. They never change. */
import { type Queryable, statement } from '../kit/db/index.ts'

const ADD = statement(
  'facade_number_add',
  `
  INSERT INTO facade_number (subject_id) SELECT w.id FROM unnest($1::uuid[]) AS w (id)
  WHERE NOT EXISTS (SELECT FROM facade_number n WHERE n.subject_id = w.id) ORDER BY w.id ON CONFLICT DO NOTHING`
)
const READ = statement('facade_number_read', 'SELECT subject_id, number FROM facade_number WHERE subject_id = ANY($1::uuid[])')
const FIND = statement('facade_number_find', 'SELECT subject_id FROM facade_number WHERE number = $1')

const read = async (db: Queryable, ids: readonly string[]): Promise<Map<string, number>> =>
  new Map((await db.query<{ subject_id: string; number: string }>(READ, [ids])).map(row => [row.subject_id, Number(row.number)]))

/** Gives a number to those that have none yet. */
export async function numbersOf(db: Queryable, ids: readonly string[]): Promise<ReadonlyMap<string, number>> {
  if (ids.length === 0) return new Map()
  const known = await read(db, ids)
  if (known.size === new Set(ids).size) return known
  await db.execute(ADD, [ids])
  return await read(db, ids)
}

/** The product or SKU of a number; null: nobody has it. */
export async function findByNumber(db: Queryable, number: number): Promise<string | null> {
  const [row] = await db.query<{ subject_id: string }>(FIND, [number])
  return row?.subject_id ?? null
}
