/** Bugs that somebody might write, each with the check that has to turn red for it. Where one wall stands behind another, both are torn down. */

interface Edit {
  readonly file: string
  /** Stands in it exactly once. */
  readonly find: string
  readonly replace: string
}

export type Check =
  /** A short round with these faults. */
  { readonly kind: 'chaos'; readonly faults: string } | { readonly kind: 'test'; readonly file: string }

export interface Mutant {
  readonly name: string
  readonly edits: readonly Edit[]
  readonly check: Check
}

const chaos = (faults: string): Check => ({ kind: 'chaos', faults })
const test = (file: string): Check => ({ kind: 'test', file })

/** None: these bugs show on a quiet day. */
const QUIET = chaos('link.api.latency')

const COMMIT_BATCH = 'src/orders/commit-batch.ts'
const DECIDE_BATCH = 'src/orders/decide-batch.ts'
const TO_OUTCOME = 'src/orders/upstream/to-outcome.ts'
const APPLY_OUTCOME = 'src/orders/upstream/apply-outcome.ts'
const ATTEMPT_DELIVERY = 'src/webhooks/outbound/attempt-delivery.ts'
const OUTBOUND_HTTP = 'src/kit/outbound-http.ts'

const orders: readonly Mutant[] = [
  {
    name: 'answers before it has committed',
    edits: [
      {
        file: 'src/kit/db/database.ts',
        find: `const [result, { command }] = await Promise.all([last, client.query('COMMIT'), begun])`,
        replace: `const [result] = await Promise.all([last, begun])
    const command: string = 'COMMIT'
    void client.query('SELECT pg_sleep(0.05)').catch(() => undefined)
    void client.query('COMMIT').catch(() => undefined)`
      }
    ],
    check: chaos('postgres.kill')
  },
  {
    name: 'commits without waiting for the disk',
    edits: [{ file: 'src/kit/db/settings.ts', find: `lock_timeout: '2s',`, replace: `lock_timeout: '2s',\n  synchronous_commit: 'off',` }],
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
    check: test('test/orders/place-order.test.ts')
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
  }
]

const purchases: readonly Mutant[] = [
  {
    name: 'refunds on a time-out',
    edits: [
      {
        file: TO_OUTCOME,
        find: `      return { ...result, isFromQuery: false }
    case 'unknown':
      return unknown(result.detail)`,
        replace: `      return { ...result, isFromQuery: false }
    case 'unknown':
      return { kind: 'refused', refusal: 'rejected', detail: result.detail, isFromQuery: false }`
      }
    ],
    check: chaos('supplier.hostile,link.supplier.swallow')
  },
  {
    name: 'a new reference for each request',
    edits: [
      {
        file: 'src/orders/upstream/call-supplier.ts',
        find: `const requestOf = ({ reference, productCode, quantity, maxUnitCost, currency, input }: Claimed) => ({
  reference,`,
        replace: `const requestOf = ({ reference, productCode, quantity, maxUnitCost, currency, input }: Claimed) => ({
  reference: \`\${reference.slice(2)}\${Math.floor(Math.random() * 90) + 10}\`,`
      }
    ],
    check: QUIET
  },
  {
    name: 'buys elsewhere while it is unclear',
    edits: [
      {
        file: 'src/orders/upstream/decide-purchase.ts',
        find: `units.filter(unit => unit.state !== 'failed')`,
        replace: `units.filter(unit => unit.state === 'delivered')`
      },
      {
        file: 'migrations/0002_suppliers.sql',
        find: `CREATE UNIQUE INDEX supplier_attempt_unit_live`,
        replace: `CREATE INDEX supplier_attempt_unit_live`
      }
    ],
    check: chaos('supplier.hostile,link.supplier.swallow')
  },
  {
    name: 'believes the first "not found"',
    edits: [
      {
        file: APPLY_OUTCOME,
        find: `attempt.upstreamId === null && counted.notFound >= NOT_FOUND_MIN && attempt.ageMs > attempt.quietTimeMs`,
        replace: `counted.notFound > 0`
      }
    ],
    check: test('test/orders/upstream-unclear.test.ts')
  },
  {
    name: 'throws away what comes too late',
    edits: [
      {
        file: APPLY_OUTCOME,
        find: `const spare = outcome.cards.filter(card => fresh.has(card.id)).map(card => ({ card, state: 'available' as const }))`,
        replace: `const spare = outcome.cards.filter(card => !fresh.has(card.id)).map(card => ({ card, state: 'available' as const }))`
      }
    ],
    check: test('test/orders/upstream-unclear.test.ts')
  }
]

const outside: readonly Mutant[] = [
  {
    name: 'another body for each attempt',
    edits: [{ file: ATTEMPT_DELIVERY, find: `timestamp: event.createdAt.toISOString()`, replace: `timestamp: new Date().toISOString()` }],
    check: chaos('receiver.hostile')
  },
  {
    name: 'a failed delivery counts',
    edits: [{ file: ATTEMPT_DELIVERY, find: `if (status >= 200 && status < 300)`, replace: `if (status >= 200 && status < 600)` }],
    check: chaos('receiver.hostile')
  },
  {
    name: 'reads events past running transactions',
    edits: [
      {
        file: 'src/webhooks/outbound/relay-repository.ts',
        find: ` AND xid < pg_snapshot_xmin(pg_current_snapshot())\n      ORDER BY outbox.xid`,
        replace: `\n      ORDER BY outbox.xid`
      }
    ],
    check: chaos('postgres.lock-row,postgres.stop')
  },
  {
    name: 'follows redirects',
    edits: [
      {
        file: OUTBOUND_HTTP,
        find: `: await exchange(agent, options, url, request)`,
        replace: `: await exchange(agent, options, url, request).then(async answer => {
            const next = answer.kind === 'answer' && answer.status >= 300 && answer.status < 400 ? answer.headers['location'] : undefined
            return next === undefined ? answer : await exchange(agent, options, new URL(next, url), request)
          })`
      }
    ],
    check: test('test/kit/outbound-http.test.ts')
  },
  {
    name: 'calls internal addresses',
    edits: [
      {
        file: OUTBOUND_HTTP,
        find: `const allowed = (address: string): boolean => allowPrivate || isPublicAddress(address)`,
        replace: `const allowed = (address: string): boolean => allowPrivate || address !== '' || isPublicAddress(address)`
      }
    ],
    check: test('test/kit/outbound-http.test.ts')
  },
  {
    name: 'a signature that nobody checks',
    edits: [
      {
        file: 'src/webhooks/inbound/verify-push.ts',
        find: `if (timingSafeEqual(each, expected)) valid = true`,
        replace: `if (timingSafeEqual(each, expected) || each.length > 0) valid = true`
      }
    ],
    check: test('test/webhooks/supplier-push.test.ts')
  }
]

const secrets: readonly Mutant[] = [
  {
    name: 'a key that may be stocked twice',
    edits: [{ file: 'migrations/0001_foundation.sql', find: `fingerprint bytea PRIMARY KEY,`, replace: `fingerprint bytea NOT NULL,` }],
    check: QUIET
  },
  {
    name: 'constant associated data',
    edits: [
      {
        file: 'src/inventory/card-cipher.ts',
        find: 'Buffer.from(`kahub1|card|${cardId}|${skuId}|${dataKeyId}`, ',
        replace: 'Buffer.from(`kahub1|card|${cardId === skuId ? dataKeyId : 0}`, '
      }
    ],
    check: test('test/inventory/vault.test.ts')
  },
  {
    name: 'no tenant in the question',
    edits: [
      {
        file: 'src/orders/repository.ts',
        find: `WHERE o.id = $1 AND ($2::uuid IS NULL OR o.reseller_id = $2)\`)\n\n/** \`resellerId\` null: for operators. */`,
        replace: `WHERE o.id = $1 AND ($2::uuid IS NULL OR o.reseller_id IS NOT NULL)\`)\n\n/** \`resellerId\` null: for operators. */`
      }
    ],
    check: test('test/acceptance/isolation.test.ts')
  },
  {
    name: 'a revoked key that opens',
    edits: [
      {
        file: 'src/accounts/repository.ts',
        find: `k.key_hash = ANY($1::bytea[]) AND k.revoked_at IS NULL AND`,
        replace: `k.key_hash = ANY($1::bytea[]) AND`
      }
    ],
    check: test('test/accounts/authenticate.test.ts')
  }
]

export const MUTANTS: readonly Mutant[] = [...orders, ...purchases, ...outside, ...secrets]
