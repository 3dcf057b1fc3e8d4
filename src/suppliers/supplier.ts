/** Whom we buy from, and how it is reached. */
import type { Amount, Currency, Money } from '../kit/money.ts'
import type { SupplierAdapter } from './contract.ts'
import type { SupplierLimits } from './limits.ts'
import type { Markup } from './markup.ts'

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
  /** How often its prices and stock are read; null: `SYNC_SECONDS_DEFAULT`; 0: never. */
  readonly syncSeconds: number | null
  /** For SKUs without a rule of their own; null: their prices do not follow it. */
  readonly markup: Markup | null
  /** Below it, operators are told; null: never. */
  readonly lowBalance: Amount | null
  readonly lowBalanceCurrency: Currency | null
  readonly createdAt: Date
  readonly updatedAt: Date
}

/** What an operator decides of dealing with it, beside its config. */
export interface SupplierSettings {
  readonly syncSeconds: number | null
  readonly markup: Markup | null
  readonly lowBalance: Money | null
}

export interface StoredSupplier extends Supplier {
  /** Null: no config. */
  readonly configSealed: Buffer | null
}

/** How adapters are found by name; null: there is none. */
export type FindAdapter = (name: string) => SupplierAdapter | null

/** Half of it is how old a price or a stock is on average when somebody looks. */
export const SYNC_SECONDS_DEFAULT = 120
