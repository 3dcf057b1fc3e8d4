/**
 * Streams a file of keys into stock. Blocks of some thousand lines: while one is stored, the next is parsed and sealed on another
 * thread, so a file of any size takes the memory of a few blocks. A block is stored whole or not at all.
 */
import type { Readable } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import { adjustStock, type Listing } from '../catalog/index.ts'
import { requestHash } from '../kit/canonical-json.ts'
import type { Db } from '../kit/db/index.ts'
import { DomainError } from '../kit/errors.ts'
import { failpoint } from '../kit/failpoint.ts'
import { inProgress, keyReused } from '../kit/idempotency.ts'
import { newId } from '../kit/ids.ts'
import type { Amount } from '../kit/money.ts'
import type { BatchReport, ImportFormat, Progress } from './batch.ts'
import { bodyTooLarge, importEndedEarly, importTakenOver, notStocked, skuNotFound } from './errors.ts'
import { lineBlocks } from './import/line-blocks.ts'
import { type BatchDraft, createBatch, failStalled, findBatchByKey, finishBatch, HEARTBEAT_MS, storeBlock, touchBatch } from './import/repository.ts'
import type { SealedBlock } from './import/seal-lines.ts'
import { openSealer, type Sealer } from './import/sealer.ts'
import { readBatchReport } from './read-batch-report.ts'
import type { Vault } from './vault.ts'

/** A million keys with numbers are some 40 MB; what is larger is not a file of keys. */
const IMPORT_MAX_BYTES = 256 * 1_048_576
/** Bounds the uses of a data key, and the rows of a report. */
const IMPORT_MAX_LINES = 2_000_000
/** A key and its line end. */
const LINE_MIN_BYTES = 2
/** Blocks that are sealed while one is stored: enough that neither waits for the other. */
const BLOCKS_AHEAD = 2
/** A block that met a busy database is tried again; then the import ends, and keeps what it stored. */
const STORE_ATTEMPTS = 5
const STORE_RETRY_MS = 250

export interface ImportDeps {
  readonly db: Db
  readonly vault: Vault
  readonly listings: { fresh(skuId: string): Promise<Listing | null>; noteStock(skuId: string, available: number): void }
  /** Aborted when the server stops: the block that is being stored is finished, the rest is not begun. */
  readonly stopping: AbortSignal
}

export interface ImportRequest {
  readonly skuId: string
  readonly supplierId: string | null
  readonly unitCost: Amount | null
  readonly format: ImportFormat
  /** For keys that bring no expiry of their own. */
  readonly expiresAt: Date | null
  readonly body: Readable
  /** Null: not known before it has arrived. */
  readonly bodyBytes: number | null
  readonly idempotency: { readonly ownerId: string; readonly key: string } | null
}

/**
 * Adds the keys of a file to the stock of a SKU. With an idempotency key that a finished import has, returns that import's report.
 * Throws: `not_found`, `state_conflict`, `validation_failed`, `payload_too_large`, `request_timeout`, `request_in_progress`,
 * `idempotency_key_reused`, `overloaded`, `dependency_unavailable`.
 */
export async function importCards(deps: ImportDeps, request: ImportRequest): Promise<{ report: BatchReport; replayed: boolean }> {
  const listing = await deps.listings.fresh(request.skuId)
  if (listing === null) throw skuNotFound()
  if (listing.kind !== 'card') throw notStocked()
  if ((request.bodyBytes ?? 0) > IMPORT_MAX_BYTES) throw bodyTooLarge(`${IMPORT_MAX_BYTES / 1_048_576} MB`)
  await failStalled(deps.db)
  const draft = toDraft(request, listing.currency)
  const replayed = await findReplay(deps.db, draft)
  if (replayed !== null) return { report: replayed, replayed: true }
  const keys = await deps.vault.sealKeys(linesAtMost(request.bodyBytes))
  const { skuId, format } = request
  const sealer = openSealer({ skuId, format, now: Date.now(), expiresAt: request.expiresAt?.getTime() ?? null, ...keys }, request.bodyBytes)
  try {
    if (!(await createBatch(deps.db, draft))) throw inProgress()
    failpoint('import.begun')
    await run(deps, { batchId: draft.id, skuId, dataKeyId: keys.dataKeyId, body: request.body, sealer })
    return { report: await readBatchReport(deps.db, draft.id), replayed: false }
  } finally {
    await sealer.close()
  }
}

function toDraft(request: ImportRequest, currency: string): BatchDraft {
  const { skuId, supplierId, unitCost, format, expiresAt, idempotency } = request
  const about = { skuId, supplierId, unitCost: unitCost?.toString(), format, expiresAt: expiresAt?.toISOString() }
  const key = idempotency === null ? null : { ...idempotency, hash: requestHash('importCards', about) }
  return { id: newId(), skuId, supplierId, unitCost, currency, format, idempotency: key }
}

async function findReplay(db: Db, { idempotency }: BatchDraft): Promise<BatchReport | null> {
  if (idempotency === null) return null
  const found = await findBatchByKey(db, idempotency.ownerId, idempotency.key)
  if (found === null) return null
  if (!found.hash.equals(idempotency.hash)) throw keyReused()
  if (found.importing) throw inProgress()
  return await readBatchReport(db, found.id)
}

const linesAtMost = (bodyBytes: number | null): number =>
  bodyBytes === null ? IMPORT_MAX_LINES : Math.min(IMPORT_MAX_LINES, Math.ceil(bodyBytes / LINE_MIN_BYTES))

interface ImportRun {
  readonly batchId: string
  readonly skuId: string
  readonly dataKeyId: number
  readonly body: Readable
  readonly sealer: Sealer
}

async function run(deps: ImportDeps, importRun: ImportRun): Promise<void> {
  const { batchId } = importRun
  const progress = { accepted: 0, duplicates: 0, rejected: 0 }
  const heartbeat = setInterval(() => touchBatch(deps.db, batchId).catch(() => undefined), HEARTBEAT_MS)
  try {
    await storeAll(deps, importRun, progress)
    if (!(await finishBatch(deps.db, batchId, 'done'))) throw importTakenOver()
  } catch (error) {
    // If the database is away, the batch is found stalled later.
    await finishBatch(deps.db, batchId, 'failed').catch(() => undefined)
    throw importEndedEarly(error, batchId, progress)
  } finally {
    clearInterval(heartbeat)
  }
}

async function storeAll(deps: ImportDeps, importRun: ImportRun, progress: { -readonly [K in keyof Progress]: number }): Promise<void> {
  const limits = { maxBytes: IMPORT_MAX_BYTES, maxLines: IMPORT_MAX_LINES }
  const add = async (block: SealedBlock): Promise<void> => {
    const stored = await store(deps, importRun, block)
    progress.accepted += stored.accepted
    progress.duplicates += stored.duplicates
    progress.rejected += stored.rejected
  }
  const pending: Promise<void>[] = []
  let last = Promise.resolve()
  try {
    for await (const block of lineBlocks(importRun.body, limits, deps.stopping)) {
      const sealing = importRun.sealer.seal(block)
      sealing.catch(() => undefined)
      last = last.then(async () => await add(await sealing))
      last.catch(() => undefined)
      pending.push(last)
      if (pending.length > BLOCKS_AHEAD) await pending.shift()
    }
  } finally {
    // Whatever ended the body: blocks that have arrived are stored, and nothing is being stored when the batch is closed.
    await last
  }
}

/** The stock row is locked last and for a moment only: orders of the SKU do not wait for thousands of inserts. */
async function store(deps: ImportDeps, { batchId, skuId, dataKeyId }: ImportRun, block: SealedBlock): Promise<Progress> {
  for (let attempt = 1; ; attempt++) {
    try {
      const { stored, counters } = await deps.db.tx(async tx => {
        const progress = await storeBlock(tx, { batchId, skuId, dataKeyId }, block)
        if (progress === null) throw importTakenOver()
        failpoint('import.storing')
        const deltas = progress.accepted === 0 ? [] : [{ skuId, delta: progress.accepted }]
        return { id: batchId, stored: progress, counters: await adjustStock(tx, deltas) }
      })
      failpoint('import.stored')
      for (const [id, available] of counters) deps.listings.noteStock(id, available)
      return stored
    } catch (error) {
      const busy = error instanceof DomainError && error.code === 'overloaded'
      if (!busy || attempt === STORE_ATTEMPTS) throw error
      await wait(STORE_RETRY_MS * attempt)
    }
  }
}
