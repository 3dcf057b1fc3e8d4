/**
 * Places at which a test may end this process as `kill -9` does: between two steps that only a crash can part. Nothing happens unless one
 * is armed, which `config.ts` refuses in production; then a failpoint costs one comparison.
 */
import { writeSync } from 'node:fs'

export const FAILPOINTS = [
  /** Rows locked and looked at; nothing written. */
  'order.locked',
  /** Order, cards, entries and events are sent to PostgreSQL, and COMMIT is not. */
  'order.written',
  /** Committed, and nobody has heard of it. */
  'order.committed',
  /** Any transaction: its COMMIT is not sent. */
  'transaction.committing',
  /** Any transaction: its COMMIT is answered. */
  'transaction.committed',
  'outbox.written',
  /** A command has had its effect, and its answer is not stored with its key. */
  'idempotent.effect',
  'cancel.released',
  'backorder.filling',
  'backorder.filled',
  /** The attempt is committed, and not sent. */
  'purchase.planned',
  /** It is said to be sent, and is not. */
  'purchase.claimed',
  /** The supplier has answered, and nothing is noted. */
  'purchase.answered',
  'purchase.settling',
  'purchase.settled',
  'import.begun',
  'import.storing',
  'import.stored',
  /** A push is stored, and had no effect. */
  'push.stored',
  /** It had its effect, and that is not noted. */
  'push.acted',
  'webhook.relayed',
  'webhook.claimed',
  /** The endpoint has answered, and nothing is noted. */
  'webhook.answered'
] as const

export type FailpointName = (typeof FAILPOINTS)[number]

export interface Failpoint {
  readonly name: FailpointName
  /** The process ends when it comes by for the n-th time, from 1. */
  readonly hit: number
}

const STDERR = 2

let armed: { readonly name: FailpointName; left: number } | null = null

export function armFailpoint({ name, hit }: Failpoint): void {
  armed = { name, left: hit }
}

export function failpoint(name: FailpointName): void {
  if (armed !== null) pass(armed, name)
}

function pass(point: { readonly name: FailpointName; left: number }, name: FailpointName): void {
  if (point.name !== name || --point.left > 0) return
  writeSync(STDERR, `kahub stops at the failpoint ${name}\n`)
  process.kill(process.pid, 'SIGKILL')
}
