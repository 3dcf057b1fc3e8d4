/** Purchases from suppliers. */
import { chaos, type Mutant, QUIET, test } from './mutant.ts'

const TO_OUTCOME = 'src/orders/upstream/to-outcome.ts'
const APPLY_OUTCOME = 'src/orders/upstream/apply-outcome.ts'

export const purchases: readonly Mutant[] = [
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
        find: `): PlaceRequest => ({
  reference,`,
        replace: `): PlaceRequest => ({
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
