import type { Db } from '../kit/db/index.ts'
import { DomainError } from '../kit/errors.ts'
import { checkInvariants } from './check-invariants.ts'
import { lockIntake, logIntake, writeIntake } from './repository.ts'
import { stopsIntake } from './rules.ts'

export interface ResumeIntake {
  /** Who says so. */
  readonly actor: string
  readonly note: string | null
}

/**
 * Takes orders again, after every rule about money and stock was evaluated anew and holds. Of an intake that goes on, nothing is changed.
 * Throws: state_conflict, overloaded, dependency_unavailable.
 */
export async function resumeIntake(db: Db, { actor, note }: ResumeIntake): Promise<void> {
  const { data } = await checkInvariants(db)
  const broken = data.filter(rule => rule.broken > 0 && stopsIntake(rule.name))
  if (broken.length > 0)
    throw new DomainError('state_conflict', `Orders are not taken again: ${broken.map(({ name }) => name).join(', ')} is still broken.`)
  await db.tx(async tx => {
    const { stoppedAt, reasons } = await lockIntake(tx)
    if (stoppedAt === null) return
    await writeIntake(tx, [])
    await logIntake(tx, { kind: 'resumed', actor, note, reasons })
  })
}
