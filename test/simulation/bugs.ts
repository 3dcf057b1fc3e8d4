/** Mistakes that the simulation has to find, each put into the source as it is loaded. */
import { registerHooks } from 'node:module'

interface Edit {
  readonly file: string
  readonly find: string
  readonly replace: string
}

const decide = (find: string, replace: string): Edit => ({ file: 'src/orders/decide-batch.ts', find, replace })
const commit = (find: string, replace: string): Edit => ({ file: 'src/orders/commit-batch.ts', find, replace })

const upstream = (file: string, find: string, replace: string): Edit => ({ file: `src/orders/upstream/${file}.ts`, find, replace })

export const BUGS: Readonly<Record<string, readonly Edit[]>> = {
  'the fence is not compared': [decide("return lane.mandate.kind !== 'fenced' || row?.fence === lane.mandate.fence", 'return true')],
  'a known key is not looked up': [decide('if (known !== undefined) {', 'if (false) {')],
  'another content under a known key passes': [decide('return known.requestHash.equals(request.requestHash) ?', 'return true ?')],
  'a stale price is charged': [decide('if (facts.skuRows.get(candidate.skuId)?.revision !== candidate.revision)', 'if (false)')],
  'a taken reference is not seen': [
    decide('if (request.reference !== null && facts.takenReferences.has(', 'if (false && facts.takenReferences.has(')
  ],
  'a waiting order is charged at once': [decide('facts.book.post(fulfilled ?', 'facts.book.post(true ?')],
  'nobody looks at the balance': [
    decide('(wallet === null || !facts.book.covers(wallet.wallet, price.total))', 'wallet === null'),
    { file: 'src/ledger/book.ts', find: 'if (amount < 0n && !covers(account, -amount))', replace: 'if (false)' }
  ],
  'the counter of the stock stays': [commit('available: row.available - (sold.get(skuId) ?? 0)', 'available: row.available')],
  'nobody is told': [commit('publish(tx, placements.flatMap(toEvents))', 'Promise.resolve()')],
  'an entry gets the number of the one before': [{ file: 'src/ledger/book.ts', find: 'account.version += 1n', replace: '' }],
  'an order is cancelled that nobody has locked': [
    { file: 'src/orders/cancel-order.ts', find: 'await lockOrder(tx, orderId, resellerId)', replace: 'await readOrder(tx, orderId, resellerId)' }
  ],
  'an order that lost its fence is forgotten': [
    { file: 'src/inventory/allocator/allocator.ts', find: 'this.#laneOf(ticket.request.skuId).queue.unshift(ticket)', replace: '' }
  ],
  'an unclear purchase counts as refused': [
    upstream(
      'apply-outcome',
      'return outcome.canAsk ? doubt(attempt, outcome.detail)',
      "return true ? end({ ...attempt, state: 'failed' }, 'failed', null)"
    )
  ],
  'not found counts at once': [upstream('apply-outcome', 'counted.notFound >= NOT_FOUND_MIN && attempt.ageMs > attempt.quietTimeMs', 'true')],
  'what was sent is sent again': [upstream('calls', "claimed.claimedFrom === 'intent'", "claimed.claimedFrom !== 'submitted'")],
  'an order is closed while a purchase is unclear': [upstream('decide-purchase', 'bought.length === 0 && live.length === 0', 'bought.length === 0')],
  'a card that was seen before is delivered': [upstream('apply-outcome', 'outcome.cards.filter(card => fresh.has(card.id))', '[...outcome.cards]')],
  'what came is not paid': [upstream('move-purchase-money', 'unitPrice * BigInt(deliveredUnits)', '0n')],
  'what will not come is not given back': [upstream('move-purchase-money', 'unitPrice * BigInt(missing)', '0n')],
  'what is claimed is sent twice': [
    { file: 'src/orders/upstream/claim-repository.ts', find: 'rows.map(row => ({', replace: 'rows.flatMap(row => [row, row]).map(row => ({' }
  ],
  'a quantity break counts for every quantity': [{ file: 'src/pricing/price.ts', find: 'row.minQuantity > quantity ? null', replace: 'false ? null' }]
}

/** From now on. Throws if the source is not what it was: then the mistake has to be made anew. */
export function plant(name: string): void {
  const edits = BUGS[name]
  if (edits === undefined) throw new Error(`no such bug: ${name}. There are: ${Object.keys(BUGS).join(', ')}`)
  registerHooks({
    load: (url, context, next) => {
      const loaded = next(url, context)
      const mine = edits.filter(({ file }) => url.endsWith(`/${file}`))
      if (mine.length === 0) return loaded
      let text = String(loaded.source instanceof Uint8Array ? Buffer.from(loaded.source) : loaded.source)
      for (const { file, find, replace } of mine) {
        if (!text.includes(find)) throw new Error(`"${name}" cannot be planted: ${file} has no "${find}"`)
        text = text.replace(find, replace)
      }
      return { ...loaded, source: text }
    }
  })
}
