/** What the load saw, one line for each request, outside of every database: the witness that the checker believes. */
import { createHash } from 'node:crypto'
import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'

export type Operation = 'order' | 'batch' | 'cancel' | 'credit' | 'import' | 'push' | 'wallet' | 'read-order' | 'probe'

export interface SeenCard {
  readonly id: string
  /** Of the secret: the history itself holds none. */
  readonly hash: string
}

export interface SeenOrder {
  readonly id: string
  readonly state: string
  readonly quantity: number
  /** In 1/10000 of the unit, as text. */
  readonly total: string
  readonly cards: readonly SeenCard[]
}

export interface Call {
  readonly op: Operation
  /** Requests of one intent have the same number. */
  readonly intent: number
  /** Index of the reseller; -1: the operator. */
  readonly owner: number
  readonly key: string | null
  readonly server: number
  readonly invokedAt: number
  /** Null: no answer came. Whether it had an effect is unknown. */
  readonly returnedAt: number | null
  readonly status: number | null
  readonly code: string | null
  readonly replayed: boolean
  readonly skuId?: string
  readonly quantity?: number
  /** The same key was sent with other content before. */
  readonly otherContent?: boolean
  readonly orders?: readonly (SeenOrder | null)[]
  readonly wallet?: { readonly balance: string; readonly held: string; readonly available: string }
  /** Of a credit, in 1/10000 of the unit. */
  readonly amount?: string
  /** Of an import or a push: hashes of the keys that were sent. */
  readonly keys?: readonly string[]
  /** Of an import or a push: how many were taken, and how many were there before. */
  readonly taken?: readonly [accepted: number, duplicates: number]
  /** A problem is wrong in form, or tells a secret. */
  readonly malformed?: string
}

export const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('base64url').slice(0, 20)

export interface HistoryWriter {
  add(call: Call): void
  readonly count: () => number
  close(): void
}

const SYNC_EVERY_MS = 500

export function writeHistory(file: string): HistoryWriter {
  const fd = openSync(file, 'w', 0o600)
  let lines: string[] = []
  let count = 0
  const flush = (): void => {
    if (lines.length === 0) return
    writeSync(fd, lines.join(''))
    lines = []
    fsyncSync(fd)
  }
  const timer = setInterval(flush, SYNC_EVERY_MS)
  return {
    add: call => {
      count++
      lines.push(`${JSON.stringify(call)}\n`)
    },
    count: () => count,
    close: () => {
      clearInterval(timer)
      flush()
      closeSync(fd)
    }
  }
}

export const readHistory = (file: string): Call[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as Call)
