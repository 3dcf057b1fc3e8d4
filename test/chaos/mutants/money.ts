/** Wallets, credits and what may be spent. */
import { type Mutant, QUIET, test } from './mutant.ts'

export const money: readonly Mutant[] = [
  {
    name: 'a wallet that nobody locks',
    edits: [
      {
        file: 'src/ledger/repository.ts',
        find: `WHERE a.id = ANY($1::uuid[]) ORDER BY a.id FOR NO KEY UPDATE\``,
        replace: `WHERE a.id = ANY($1::uuid[]) ORDER BY a.id\``
      }
    ],
    check: QUIET
  },
  {
    name: 'a cap that nobody adds up',
    edits: [
      {
        file: 'src/orders/decide-batch.ts',
        find: `(facts.spentToday.get(request.apiKeyId) ?? 0n) + price.total)`,
        replace: `facts.spentToday.get(request.apiKeyId) ?? 0n)`
      }
    ],
    check: QUIET
  },
  {
    name: 'another credit under the same key',
    edits: [
      {
        file: 'src/kit/idempotency.ts',
        find: `if (!record.request_hash.equals(hash)) throw keyReused()`,
        replace: `if (!record.request_hash.equals(hash) && hash.length === 0) throw keyReused()`
      }
    ],
    check: QUIET
  },
  {
    name: 'gives back what was delivered',
    edits: [
      {
        file: 'src/orders/upstream/move-purchase-money.ts',
        find: `const missing = decision?.isClosed === true ? order.quantity - decision.delivered : 0`,
        replace: `const missing = decision?.isClosed === true ? order.quantity : 0`
      }
    ],
    check: QUIET
  },
  {
    name: 'a trail that is written afterwards',
    edits: [
      {
        file: 'src/kit/db/database.ts',
        find: `tx: work => runTransaction({ pool, mode }, whole(options.around === undefined ? work : options.around(work))),`,
        replace: `tx: async work => {
      const result = await runTransaction({ pool, mode }, whole(work))
      if (options.around !== undefined) await runTransaction({ pool, mode }, whole(options.around(async () => result)))
      return result
    },`
      }
    ],
    check: test('test/audit/audit.test.ts')
  }
]
