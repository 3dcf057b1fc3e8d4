/** One import of keys: what it was asked for, and what became of its lines. */
import type { Amount } from '../kit/money.ts'

export const IMPORT_FORMATS = ['text', 'csv', 'ndjson'] as const

/** `upstream`: bought for an order. */
export const BATCH_FORMATS = [...IMPORT_FORMATS, 'upstream'] as const

export type ImportFormat = (typeof IMPORT_FORMATS)[number]

/** `failed`: it ended early; what was stored before stays. */
export const BATCH_STATES = ['importing', 'done', 'failed'] as const

export type BatchState = (typeof BATCH_STATES)[number]

/** Why a line became no card. */
export const REJECT_REASONS = [
  'empty_secret',
  'empty_number',
  'too_long',
  'invalid_encoding',
  'invalid_characters',
  'wrong_columns',
  'unclosed_quote',
  'invalid_json',
  'unknown_field',
  'wrong_type',
  'bad_expiry',
  'already_expired'
] as const

export type RejectReason = (typeof REJECT_REASONS)[number]

export const DUPLICATE_REASONS = ['duplicate_in_file', 'duplicate_of_stock'] as const

export type LineReason = RejectReason | (typeof DUPLICATE_REASONS)[number]

export interface BatchLine {
  /** From 1, blank lines and the header included. */
  readonly line: number
  readonly reason: LineReason
}

export interface Progress {
  readonly accepted: number
  readonly duplicates: number
  readonly rejected: number
}

export interface Batch extends Progress {
  readonly id: string
  readonly skuId: string
  readonly supplierId: string | null
  readonly unitCost: Amount | null
  /** Of the SKU, and so of the unit cost. */
  readonly currency: string
  readonly format: (typeof BATCH_FORMATS)[number]
  readonly state: BatchState
  readonly createdAt: Date
  readonly finishedAt: Date | null
}

export interface BatchReport {
  readonly batch: Batch
  /** The first ones only. */
  readonly rejectedLines: readonly BatchLine[]
}

/** An answer lists no more rejected lines than this; all of them are in the paged report. */
export const REJECTED_LISTED_MAX = 1_000
