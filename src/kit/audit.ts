/**
 * The trail of what operators do. An action that began (`asAction`) is written into the first transaction that is made within it, and
 * commits or vanishes with it: commands do not have to think of it, so none can forget it. Orders are no actions, and pay nothing.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { statement, type Tx } from './db/index.ts'

export interface Action {
  /** Who: `key_…`, `bootstrap`, `jwt:…` or `command`. */
  readonly actor: string
  /** What: an operationId, or the name of a command. */
  readonly name: string
  readonly requestId: string | null
  /** The ids in the path. */
  readonly target: Readonly<Record<string, unknown>>
  /** What was asked for. Never a secret. */
  readonly detail: Readonly<Record<string, unknown>>
}

type Work<T> = (tx: Tx) => Promise<T>

interface Running {
  readonly action: Action
  /** The work that brings the row; its later attempts bring it again. */
  writer: object | null
}

const running = new AsyncLocalStorage<Running | null>()

export const asAction = <T>(action: Action, run: () => T): T => running.run({ action, writer: null }, run)

/** What a process makes ready for itself once, whoever needs it first: no part of that action, which may yet be refused. */
export const besideAction = <T>(run: () => T): T => running.run(null, run)

/** For the database: the work of a transaction, and the row that belongs to it. */
export function withAudit<T>(work: Work<T>): Work<T> {
  const current = running.getStore() ?? null
  if (current === null || current.writer !== null) return work
  const self = {}
  return async tx => {
    const mine = current.writer === null || current.writer === self
    const result = await work(tx)
    // Nothing was done: the answer of the first request was found.
    if (!mine || isReplay(result)) return result
    current.writer = self
    // Last, so that the chain's end is locked for the time of the commit only.
    await appendAction(tx, current.action, idOf(result))
    return result
  }
}

const INSERT = statement(
  'audit_append',
  'INSERT INTO audit_log (actor, action, request_id, target, detail) VALUES ($1, $2, $3, $4::jsonb, $5::jsonb)'
)

export async function appendAction(tx: Tx, { actor, name, requestId, target, detail }: Action, resultId: string | null = null): Promise<void> {
  const described = resultId === null || Object.values(target).some(id => String(id).endsWith(resultId)) ? detail : { ...detail, resultId }
  await tx.execute(INSERT, [actor, name, requestId, JSON.stringify(target), JSON.stringify(described)])
}

const isReplay = (result: unknown): boolean => (result as { replayed?: unknown } | null | undefined)?.replayed === true

/** Of what was created: commands return it as it is stored, some beside the secret that is shown once. */
function idOf(result: unknown): string | null {
  if (typeof result !== 'object' || result === null) return null
  const ids = [result, ...Object.values(result)].map(each => (each as { id?: unknown } | null | undefined)?.id)
  return ids.find(id => typeof id === 'string') ?? null
}
