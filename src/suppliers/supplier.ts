/** Whom we buy from, and how it is reached. */
import type { SupplierAdapter } from './contract.ts'
import type { SupplierLimits } from './limits.ts'

export const SUPPLIER_STATES = ['active', 'paused'] as const

/** Sends keys to us and is never called. */
export const PUSH_ADAPTER = 'push'

/** What an operator enters for an adapter; part of it are credentials. */
export type SupplierConfig = Readonly<Record<string, string | number | boolean>>

export interface Supplier {
  readonly id: string
  readonly name: string
  readonly adapter: string
  /** Paused: its keys are refused, and nothing new is bought from it. What was bought before is still asked for. */
  readonly state: (typeof SUPPLIER_STATES)[number]
  readonly limits: SupplierLimits
  readonly createdAt: Date
  readonly updatedAt: Date
}

export interface StoredSupplier extends Supplier {
  /** Null: no config. */
  readonly configSealed: Buffer | null
}

/** How adapters are found by name; null: there is none. */
export type FindAdapter = (name: string) => SupplierAdapter | null
