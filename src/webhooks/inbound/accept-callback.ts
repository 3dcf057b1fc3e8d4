/** Takes what a supplier calls back in its own format: verified, stored, and then only a reason to ask the supplier. */
import type { Db } from '../../kit/db/index.ts'
import { askAboutOrder, type Buyer } from '../../orders/index.ts'
import { type CallbackAnswer, type CallbackResult, type Connections, type SupplierEvent, syncSoon } from '../../suppliers/index.ts'
import { type Callback, hashOf, type VerifiedCallback } from './callback.ts'
import { finishCallback, storeCallback } from './callback-repository.ts'

export interface CallbackDeps {
  readonly db: Db
  readonly connections: Connections
  readonly buyer: Pick<Buyer, 'noteWork'>
}

/**
 * What it says is believed only as far as: something became of this order, or of a product. The supplier is asked, and its answer is settled as any other; so
 * a callback may come twice, too late, before the answer to the purchase, or with a body that its signature does not cover.
 * Null: nobody whom we know has signed it. Throws: overloaded, dependency_unavailable.
 */
export async function acceptCallback(deps: CallbackDeps, callback: Callback): Promise<CallbackAnswer | null> {
  const connection = (await deps.connections.many([callback.supplierId])).get(callback.supplierId)
  if (connection === undefined || !connection.adapter.capabilities.callback) return null
  const parsed = parse(connection.parseWebhook, callback)
  if (parsed.kind === 'refused') return null
  const verified: VerifiedCallback = { supplierId: callback.supplierId, hash: hashOf(callback), events: parsed.events }
  await storeCallback(deps.db, verified)
  await finishCallback(deps.db, verified, { asked: await ask(deps, verified) })
  return parsed.acknowledgement
}

/** Anybody may call: what an adapter stumbles over was not signed. */
function parse(parseWebhook: (...args: Parameters<ParseWebhook>) => CallbackResult, { headers, body, query }: Callback): CallbackResult {
  try {
    const parsed = parseWebhook(headers, body, query)
    return parsed.kind === 'refused' || parsed.events.every(isStorable) ? parsed : UNREADABLE
  } catch {
    return UNREADABLE
  }
}

const UNREADABLE: CallbackResult = { kind: 'refused', reason: 'it cannot be read' }

/** PostgreSQL holds neither NUL nor half of a character. */
const isStorable = (event: SupplierEvent): boolean =>
  Object.values(event).every(value => typeof value !== 'string' || (!value.includes('\0') && value.isWellFormed()))

type ParseWebhook = (headers: Callback['headers'], rawBody: Buffer, query: Callback['query']) => CallbackResult

/** Returns how many orders wait for an answer that is now asked for. */
async function ask({ db, buyer }: CallbackDeps, { supplierId, events }: VerifiedCallback): Promise<number> {
  if (events.some(event => event.kind === 'product_changed')) await syncSoon(db, [supplierId])
  let asked = 0
  for (const event of events) {
    if (event.kind !== 'order_changed') continue
    const { reference, upstreamId } = event
    if (await askAboutOrder(db, supplierId, { reference, upstreamId })) asked += 1
  }
  if (asked > 0) buyer.noteWork()
  return asked
}
