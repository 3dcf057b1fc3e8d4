import type { Db } from '../kit/db/index.ts'
import type { RuleResult } from './check-invariants.ts'
import { lockIntake, logIntake, writeIntake } from './repository.ts'

/** Whoever reads the log of changes should see that no person did it. */
const ACTOR = 'kahub'

/** From now on no instance takes orders, until an operator resumes. What is broken already stays the reason; what is new is added. */
export async function stopIntake(db: Db, broken: readonly RuleResult[]): Promise<void> {
  if (broken.length === 0) return
  await db.tx(async tx => {
    const { reasons } = await lockIntake(tx)
    const known = new Set(reasons.map(({ name }) => name))
    const added = broken.filter(({ name }) => !known.has(name))
    if (added.length === 0) return
    await writeIntake(tx, [...reasons, ...added])
    await logIntake(tx, { kind: 'stopped', actor: ACTOR, note: null, reasons: added })
  })
}
