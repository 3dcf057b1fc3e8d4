import type { Queryable } from '../kit/db/index.ts'
import type { Link } from './entry.ts'
import { readHead } from './repository.ts'

/** Says where the chain ends, for a place that whoever can write the database cannot reach: the log. */
export async function noteHead(db: Queryable, note: (head: Link) => void): Promise<void> {
  const head = await readHead(db)
  if (head !== null) note(head)
}
