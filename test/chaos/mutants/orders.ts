/** Orders, their cards and their money. */
import { chaos, type Mutant, QUIET, test } from './mutant.ts'

const COMMIT_BATCH = 'src/orders/commit-batch.ts'
const DECIDE_BATCH = 'src/orders/decide-batch.ts'
const PLACE_ORDER = test('test/orders/place-order.test.ts')
const DATABASE = 'src/kit/db/database.ts'

export const orders: readonly Mutant[] = [
  {
    // Of the group commit only: nobody else reads what it wrote, so that nothing but a crash shows it.
    name: 'answers before it has committed',
    edits: [
      {
        file: DATABASE,
        find: `txEndingWith: work => runTransaction({ pool, mode }, work),`,
        replace: `txEndingWith: work => runTransaction({ pool, mode, early: true }, work),`
      },
      {
        file: DATABASE,
        find: `async function attemptTransaction<T>({ pool, mode }: Connections`,
        replace: `async function attemptTransaction<T>({ pool, mode, early }: any`
      },
      {
        file: DATABASE,
        find: `const [result, { command }] = await Promise.all([last, client.query('COMMIT'), begun])`,
        replace: `if (early) {
      const done = await last
      void client.query('SELECT pg_sleep(0.1)').catch(() => undefined)
      void client.query('COMMIT').catch(() => undefined)
      return done
    }
    const [result, { command }] = await Promise.all([last, client.query('COMMIT'), begun])`
      }
    ],
    check: chaos('postgres.kill')
  },
  {
    name: 'commits without waiting for the disk',
    edits: [
      { file: 'src/kit/db/settings.ts', find: `lock_timeout: '2s',`, replace: `lock_timeout: '2s',\n  synchronous_commit: 'off',` },
      // The boot would refuse it.
      { file: 'src/kit/db/durability.ts', find: `if (allowUnsafe) return\n`, replace: `if (allowUnsafe || db !== null) return\n` }
    ],
    check: chaos('postgres.kill')
  },
  {
    name: 'publishes after the commit',
    edits: [
      {
        file: COMMIT_BATCH,
        find: `issueCards(tx, placements.flatMap(toIssues)),\n    publish(tx, placements.flatMap(toEvents))`,
        replace: `issueCards(tx, placements.flatMap(toIssues))`
      },
      { file: COMMIT_BATCH, find: `result: toResult(createdAt), skuRows }`, replace: `result: toResult(createdAt), skuRows, placements }` },
      {
        file: COMMIT_BATCH,
        find: `failpoint('order.committed')`,
        replace: `setTimeout(() => void deps.db.tx(tx => publish(tx, done.placements.flatMap(toEvents))).catch(() => undefined), 20)`
      }
    ],
    check: chaos('server.kill')
  },
  {
    name: 'a fence that nobody checks',
    edits: [
      {
        file: DECIDE_BATCH,
        find: `return lane.mandate.kind !== 'fenced' || row?.fence === lane.mandate.fence`,
        replace: `return lane !== undefined || row !== undefined`
      },
      {
        file: COMMIT_BATCH,
        find: `if (row === undefined || (mandate.kind === 'fenced' && row.fence !== mandate.fence)) return []
    const fence = mandate.kind === 'mint' ? row.fence + 1n : row.fence`,
        replace: `if (row === undefined) return []
    const fence = mandate.kind === 'mint' ? row.fence + 1n : mandate.kind === 'fenced' ? mandate.fence : row.fence`
      }
    ],
    check: chaos('valkey.flush,valkey.expire')
  },
  {
    name: 'cards picked without a lock',
    edits: [
      {
        file: 'src/inventory/issue-repository.ts',
        find: `ORDER BY seq LIMIT want.quantity FOR NO KEY UPDATE SKIP LOCKED`,
        replace: `ORDER BY seq LIMIT want.quantity`
      },
      {
        file: 'src/inventory/issue-repository.ts',
        find: `WHERE card.id = i.card_id AND card.state = 'available'`,
        replace: `WHERE card.id = i.card_id`
      },
      {
        file: 'src/catalog/stock-repository.ts',
        find: `WHERE sku_id = ANY($1::uuid[]) ORDER BY sku_id FOR NO KEY UPDATE\``,
        replace: `WHERE sku_id = ANY($1::uuid[]) ORDER BY sku_id\``
      }
    ],
    check: chaos('valkey.flush,valkey.expire,valkey.down')
  },
  {
    name: 'a key counts with any content',
    edits: [{ file: DECIDE_BATCH, find: `return known.requestHash.equals(request.requestHash) ?`, replace: `return known !== undefined ?` }],
    check: QUIET
  },
  {
    name: 'a wallet that is never empty',
    edits: [
      {
        file: 'src/ledger/account.ts',
        find: `account.creditLimit === null || account.balance - amount + account.creditLimit >= 0n`,
        replace: `account.creditLimit === null || amount >= 0n`
      }
    ],
    check: QUIET
  },
  {
    name: 'sells without counting down',
    edits: [{ file: COMMIT_BATCH, find: `available: row.available - (sold.get(skuId) ?? 0)`, replace: `available: row.available` }],
    check: QUIET
  },
  {
    name: 'a reveal that leaves no trace',
    edits: [{ file: COMMIT_BATCH, find: `const reveal = request.reveal ? {`, replace: `const reveal = request.reveal && cards.length > 9 ? {` }],
    check: QUIET
  },
  {
    name: 'logs what it sells',
    edits: [
      {
        file: COMMIT_BATCH,
        find: `  const shown = placements.filter(({ candidate }) => candidate.request.reveal)`,
        replace: `  const shown = placements.filter(({ candidate }) => candidate.request.reveal)
  setTimeout(() => process.stdout.write(JSON.stringify(shown.flatMap(({ cards }) => cards.map(card => vault.open(card)))) + '\\n'), 100)`
      }
    ],
    check: QUIET
  },
  {
    name: 'a replay that happens again',
    edits: [
      {
        file: 'src/kit/idempotency.ts',
        find: `if (!claimed) return { response: await replay<T>(tx, request), replayed: true }`,
        replace: `if (!claimed && request.key === '') return { response: await replay<T>(tx, request), replayed: true }`
      }
    ],
    check: chaos('link.api.swallow')
  },
  {
    name: 'a database that is away is our fault',
    edits: [
      {
        file: 'src/kit/db/sql-errors.ts',
        find: `  if (error instanceof DomainError) return error\n  const { code = '', message = '' } = pgError(error)`,
        replace: `  if (error instanceof Error) return error\n  const { code = '', message = '' } = pgError(error)`
      }
    ],
    check: chaos('postgres.terminate,postgres.kill')
  },
  {
    name: 'cancels and keeps the money',
    edits: [
      {
        file: 'src/orders/cancel-order.ts',
        find: `if (wallet !== undefined && order.total > 0n) {`,
        replace: `if (wallet !== undefined && order.total < 0n) {`
      }
    ],
    check: PLACE_ORDER
  },
  {
    name: 'waits for Redis for ever',
    edits: [
      {
        file: 'src/inventory/allocator/leadership.ts',
        find: `else if (answer === 'unknown' || this.#hooks.now() - lane.askedAt > LEASE_WAIT_MAX_MS) this.#goAlone(lane)`,
        replace: `else if (this.#hooks.now() - lane.askedAt > LEASE_WAIT_MAX_MS * 1_000) this.#goAlone(lane)`
      }
    ],
    check: test('test/orders/redis-away.test.ts')
  },
  {
    name: 'cancels what was delivered',
    edits: [
      {
        file: 'src/orders/cancel-order.ts',
        find: `if (!isCancellable(order.state)) throw`,
        replace: `if (!isCancellable(order.state) && order.state !== 'fulfilled') throw`
      }
    ],
    check: QUIET
  },
  {
    name: 'a card that is too old',
    edits: [
      {
        file: 'src/inventory/issue-repository.ts',
        find: `state = 'available' AND (expires_at IS NULL OR expires_at > now())`,
        replace: `state = 'available'`
      }
    ],
    check: PLACE_ORDER
  },
  {
    name: 'the price from before',
    edits: [
      {
        file: DECIDE_BATCH,
        find: `if (facts.skuRows.get(candidate.skuId)?.revision !== candidate.revision) return answer`,
        replace: `if (facts.skuRows.get(candidate.skuId) === undefined) return answer`
      }
    ],
    check: PLACE_ORDER
  },
  {
    name: 'a reference that counts twice',
    edits: [
      {
        file: DECIDE_BATCH,
        find: `if (request.reference !== null && facts.takenReferences.has(`,
        replace: `if (request.reference === '' && facts.takenReferences.has(`
      }
    ],
    check: PLACE_ORDER
  }
]
