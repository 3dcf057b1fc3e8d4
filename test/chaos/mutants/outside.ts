/** What comes in and goes out: pushes, callbacks, deliveries. */
import { chaos, type Mutant, QUIET, test } from './mutant.ts'

const ATTEMPT_DELIVERY = 'src/webhooks/outbound/attempt-delivery.ts'
const OUTBOUND_HTTP = 'src/kit/outbound-http.ts'

export const outside: readonly Mutant[] = [
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
  },
  {
    name: 'tells everybody',
    edits: [
      {
        file: 'src/webhooks/outbound/relay-repository.ts',
        find: `ON e.reseller_id = o.reseller_id AND e.state = 'active'`,
        replace: `ON o.reseller_id IS NOT NULL AND e.state = 'active'`
      }
    ],
    check: QUIET
  },
  {
    name: 'signs with anything',
    edits: [{ file: ATTEMPT_DELIVERY, find: `new Webhook(secret).sign(`, replace: `new Webhook(secret.slice(0, -4)).sign(` }],
    check: QUIET
  },
  {
    name: 'a push whose id counts with any body',
    edits: [
      {
        file: 'src/webhooks/inbound/repository.ts',
        find: `if (row.body_hash.equals(bodyHash)) return`,
        replace: `if (row.body_hash.length === bodyHash.length) return`
      }
    ],
    check: test('test/webhooks/supplier-push.test.ts')
  },
  {
    name: 'a callback that nobody signed',
    edits: [
      {
        file: 'src/suppliers/adapters/kasushou/callback.ts',
        find: `if (!callbackSignatures(fields, key).some(each => sameText(sign, each))) return`,
        replace: `if (!callbackSignatures(fields, key).some(each => sameText(sign, each) || sign !== '')) return`
      }
    ],
    check: test('test/webhooks/supplier-callbacks.test.ts')
  },
  {
    name: 'a shop whose signature nobody checks',
    edits: [
      {
        file: 'src/facades/kasushou/sign.ts',
        find: `return a.length === b.length && timingSafeEqual(a, b)`,
        replace: `return a.length === b.length || timingSafeEqual(a, b)`
      }
    ],
    check: test('test/facades/kasushou.test.ts')
  }
]
