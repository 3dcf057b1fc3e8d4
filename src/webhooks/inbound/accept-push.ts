/** Takes a verified push: stored first, then its effect, then the answer that is told again whenever the same push comes again. */
import { Readable } from 'node:stream'
import type { Listings } from '../../catalog/index.ts'
import { type ImportDeps, importCards, type RevokeDeps, revokeCards } from '../../inventory/index.ts'
import { failpoint } from '../../kit/failpoint.ts'
import type { Amount } from '../../kit/money.ts'
import { askAboutOrder } from '../../orders/index.ts'
import { applyReports, findSkuBySource } from '../../suppliers/index.ts'
import { otherBody, productUnknown, supplierPaused, wrongCurrency } from './errors.ts'
import { checkFields, type Push, type PushResult } from './push.ts'
import { finishPush, isSupplierActive, storePush } from './repository.ts'

export type AcceptDeps = ImportDeps & RevokeDeps & { readonly listings: Listings }

/**
 * One effect for each id, for ever. What is refused has no effect, and may come again under the same id.
 * Throws: validation_failed, account_suspended, idempotency_key_reused, not_found, state_conflict, request_in_progress, request_timeout,
 * payload_too_large, overloaded, dependency_unavailable.
 */
export async function acceptPush(deps: AcceptDeps, push: Push): Promise<{ result: PushResult; replayed: boolean }> {
  checkFields(push.type, push.data)
  if (!(await isSupplierActive(deps.db, push.supplierId))) throw supplierPaused()
  const stored = await storePush(deps.db, push)
  if (stored.conflict) throw otherBody()
  if (stored.result !== null) return { result: stored.result, replayed: true }
  failpoint('push.stored')
  const effect = await act(deps, push)
  failpoint('push.acted')
  return await finishPush(deps.db, push, effect)
}

type Effect = Parameters<typeof finishPush>[2]

/** Without more to say; of an order, the supplier is asked what became of it. */
const ACCEPTED: PushResult = { state: 'accepted' }

const done = (result: PushResult): Effect => ({ state: 'done', result, data: null })

/** Each effect may be begun again: a process may die between it and its note. */
async function act(deps: AcceptDeps, push: Push): Promise<Effect> {
  switch (push.type) {
    case 'stock.added':
      return done(await addStock(deps, push))
    case 'card.revoked': {
      const cards = (push.data.cards ?? []).map(({ number, secret }) => ({ number: number ?? null, secret }))
      return done({ ...(await revokeCards(deps, { supplierId: push.supplierId, cards })) })
    }
    case 'order.fulfilled':
    case 'order.failed':
      await askAboutOrder(deps.db, push.supplierId, { reference: push.data.reference ?? null, upstreamId: push.data.orderId ?? null })
      return done(ACCEPTED)
    case 'stock.level':
    case 'price.changed':
      await applyReport(deps, push)
      return done(ACCEPTED)
  }
}

/** The latest word counts, in whatever order they come. */
async function applyReport(deps: AcceptDeps, { supplierId, at, data }: Push): Promise<void> {
  const { productCode = '', available, unitCost = null } = data
  const skuId = await findSkuBySource(deps.db, supplierId, productCode)
  if (skuId === null) throw productUnknown()
  await checkCurrency(deps, skuId, data)
  const stock = available === undefined ? null : { available }
  await applyReports(deps, [{ supplierId, productCode, at, unitCost, stock, onSale: null }])
}

/** By way of an import: its key makes it happen once, its lines are the cards. */
async function addStock(deps: AcceptDeps, { supplierId, webhookId, data }: Push): Promise<PushResult> {
  const { productCode = '', cards = [] } = data
  const skuId = await findSkuBySource(deps.db, supplierId, productCode)
  if (skuId === null) throw productUnknown()
  const unitCost = await unitCostOf(deps, skuId, data)
  const lines = Buffer.from(cards.map(card => `${JSON.stringify(card)}\n`).join(''))
  const { report } = await importCards(deps, {
    skuId,
    supplierId,
    unitCost,
    format: 'ndjson',
    expiresAt: null,
    body: Readable.from([lines], { objectMode: false }),
    bodyBytes: lines.length,
    idempotency: { ownerId: supplierId, key: webhookId }
  })
  const { accepted, duplicates, rejected } = report.batch
  return {
    accepted,
    duplicates,
    rejected: report.rejectedLines.map(({ line, reason }) => ({ index: line - 1, reason })),
    rejectedCount: rejected
  }
}

async function unitCostOf(deps: AcceptDeps, skuId: string, data: Push['data']): Promise<Amount | null> {
  await checkCurrency(deps, skuId, data)
  return data.unitCost?.amount ?? null
}

async function checkCurrency(deps: AcceptDeps, skuId: string, { unitCost }: Push['data']): Promise<void> {
  if (unitCost === undefined) return
  const listing = await deps.listings.fresh(skuId)
  if (listing !== null && listing.currency !== unitCost.currency) throw wrongCurrency(listing.currency)
}
