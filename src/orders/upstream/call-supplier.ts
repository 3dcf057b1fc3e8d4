/** One call for one claimed attempt. Whatever comes of it is reported, also what comes after the deadline. */
import type { Vault } from '../../inventory/index.ts'
import { failpoint } from '../../kit/failpoint.ts'
import type { CallbackUrlOf, Connection, NotSent, PlaceRequest } from '../../suppliers/index.ts'
import type { OrderInputs } from '../order-input.ts'
import { type Outcome, SEND_WITHIN_MS } from './attempt.ts'
import type { Claimed } from './claim-repository.ts'
import { placedAgainOutcome, placeOutcome, queryOutcome } from './to-outcome.ts'

export interface Call {
  readonly vault: Vault
  readonly inputs: Pick<OrderInputs, 'open'>
  readonly connection: Connection
  readonly callbackUrlOf: CallbackUrlOf
  readonly report: (outcome: Outcome) => Promise<void>
}

/** What has not answered by then is unclear, and asked for. Shorter than the lease. */
const CALL_DEADLINE_MS = 30_000

/** Sends an intent, once. */
export async function buyFromSupplier({ report, vault, ...call }: Call, claimed: Claimed, claimedAt: number): Promise<void> {
  const startedAt = performance.now()
  if (startedAt - claimedAt > SEND_WITHIN_MS) return
  const { queryByReference, idempotentPlace } = call.connection.adapter.capabilities
  await finish(call.connection.place(requestOf(call, claimed)), report, result => {
    // Since its deadline it may have been placed again: this refusal says nothing of that.
    const isPassed = performance.now() - startedAt > CALL_DEADLINE_MS && idempotentPlace && !queryByReference
    return isPassed ? placedAgainOutcome(vault, claimed, result) : placeOutcome(vault, claimed, result)
  })
}

/** Finds out by our reference. Never buys anew: what is placed again has the same reference, at a supplier that promises to know it. */
export async function askSupplier({ vault, report, ...call }: Call, claimed: Claimed): Promise<void> {
  const { connection } = call
  const { queryByReference, idempotentPlace } = connection.adapter.capabilities
  const { reference, upstreamId } = claimed
  if (queryByReference || upstreamId !== null) {
    return await finish(connection.query({ reference, upstreamId }), report, result => queryOutcome(vault, claimed, result))
  }
  if (idempotentPlace && (claimed.claimedFrom === 'sent' || claimed.claimedFrom === 'unknown')) {
    const request = { ...requestOf(call, claimed), again: true }
    return await finish(connection.place(request), report, result => placedAgainOutcome(vault, claimed, result))
  }
  await report({ kind: 'unknown', detail: 'this supplier cannot be asked', canAsk: false })
}

const requestOf = (
  { connection, callbackUrlOf, inputs }: Pick<Call, 'connection' | 'callbackUrlOf' | 'inputs'>,
  { orderId, supplierId, reference, productCode, quantity, maxUnitCost, currency, input }: Claimed
): PlaceRequest => ({
  reference,
  productCode,
  quantity,
  maxUnitCost,
  currency,
  input: inputs.open(orderId, input),
  notifyUrl: connection.adapter.capabilities.callback ? callbackUrlOf(supplierId) : null
})

async function finish<R extends { readonly kind: string } | NotSent>(
  pending: Promise<R>,
  report: Call['report'],
  toOutcome: (result: R) => Promise<Outcome>
): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<void>(resolve => {
    timer = setTimeout(resolve, CALL_DEADLINE_MS)
  })
  const answered = pending
    .then(async result => {
      failpoint('purchase.answered')
      await report(await toOutcome(result))
    })
    .finally(() => clearTimeout(timer))
  const late = deadline.then(() => report({ kind: 'unknown', detail: 'no answer in time', canAsk: true }))
  late.catch(() => undefined)
  await answered
}
