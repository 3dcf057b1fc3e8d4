/**
 * Master-key rotation. Everything secret in the database is sealed by a data key, and a master key wraps data keys only; so wrapping
 * those anew is all of it: no card, credential or webhook secret is touched, and nobody waits.
 */
import { type Db, type Queryable, statement, type Tx } from '../db/index.ts'
import { Unsealable } from './aead.ts'
import { type DataKeyRow, unwrap } from './data-keys.ts'
import type { MasterKeyring } from './master-keyring.ts'

export interface RewrapProgress {
  readonly rewrapped: number
  /** Rows that did not open; they are left as they are. */
  readonly unreadable: readonly number[]
  readonly left: number
}

export interface KeyUse {
  readonly kid: string
  readonly dataKeys: number
  readonly unreadable: readonly number[]
}

/** Rows locked at a time, for some milliseconds; what is done stays done when the process dies. */
const ROWS_PER_STEP = 200

const LOCK_STEP = statement(
  'data_key_rewrap_lock',
  'SELECT id, purpose, master_kid, wrapped FROM data_key WHERE master_kid <> $1 AND id > $2 ORDER BY id LIMIT $3 FOR UPDATE'
)
const SAVE_STEP = statement(
  'data_key_rewrap_save',
  'UPDATE data_key d SET master_kid = $1, wrapped = v.wrapped FROM unnest($2::int[], $3::bytea[]) AS v (id, wrapped) WHERE d.id = v.id'
)
const COUNT_LEFT = statement('data_key_rewrap_left', 'SELECT count(*)::int AS left FROM data_key WHERE master_kid <> $1 AND id > $2')
const READ_PAGE = statement('data_key_page', 'SELECT id, purpose, master_kid, wrapped FROM data_key WHERE id > $1 ORDER BY id LIMIT $2')

/** Wraps every data key by the newest master key. Started again after a crash, it goes on with what is left. */
export async function rewrapDataKeys(db: Db, keyring: MasterKeyring, onProgress: (progress: RewrapProgress) => void): Promise<RewrapProgress> {
  const newest = keyring.kids[0] ?? ''
  const unreadable: number[] = []
  let rewrapped = 0
  let after = 0
  for (;;) {
    const step = await db.tx(tx => rewrapStep(tx, keyring, newest, after))
    const [counted] = await db.query<{ left: number }>(COUNT_LEFT, [newest, step.last])
    rewrapped += step.rewrapped
    unreadable.push(...step.unreadable)
    const progress = { rewrapped, unreadable, left: counted?.left ?? 0 }
    if (step.last === after) return progress
    after = step.last
    onProgress(progress)
  }
}

async function rewrapStep(tx: Tx, keyring: MasterKeyring, newest: string, after: number) {
  const rows = await tx.query<DataKeyRow>(LOCK_STEP, [newest, after, ROWS_PER_STEP])
  const done: { id: number; wrapped: Buffer }[] = []
  const unreadable: number[] = []
  for (const row of rows) {
    const wrapped = opening(() => keyring.rewrap(row.purpose, { masterKid: row.master_kid, wrapped: row.wrapped }).wrapped)
    if (wrapped === null) unreadable.push(row.id)
    else done.push({ id: row.id, wrapped })
  }
  if (done.length > 0) await tx.execute(SAVE_STEP, [newest, done.map(({ id }) => id), done.map(({ wrapped }) => wrapped)])
  return { rewrapped: done.length, unreadable, last: rows.at(-1)?.id ?? after }
}

/** Opens every data key. Which master keys are in use, and which rows does none of them open? */
export async function readKeyUse(db: Queryable, keyring: MasterKeyring): Promise<KeyUse[]> {
  const uses = new Map<string, { dataKeys: number; unreadable: number[] }>()
  for (let after = 0; ; ) {
    const rows = await db.query<DataKeyRow>(READ_PAGE, [after, ROWS_PER_STEP])
    for (const row of rows) {
      const use = uses.get(row.master_kid) ?? { dataKeys: 0, unreadable: [] }
      uses.set(row.master_kid, use)
      use.dataKeys++
      if (opening(() => unwrap(keyring, row)) === null) use.unreadable.push(row.id)
    }
    const last = rows.at(-1)
    if (last === undefined) return [...uses].map(([kid, use]) => ({ kid, ...use }))
    after = last.id
  }
}

function opening<T>(open: () => T): T | null {
  try {
    return open()
  } catch (error) {
    if (error instanceof Unsealable) return null
    throw error
  }
}
