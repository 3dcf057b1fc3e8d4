import t from 'tap'
import { soak } from '../soak/upstream/soak.ts'
import { createTestDatabase } from '../support/database.ts'

/** What clears up when the supplier is asked for the first time; `npm run soak:upstream` has the rest. */
const FAULTS = {
  timeout_after: 0.1,
  error_after: 0.03,
  cut_after: 0.02,
  not_json: 0.02,
  throttled: 0.02,
  same_card: 0.01,
  fails: 0.02,
  callback_late: 0.1
}

t.test('two servers are killed in turn while they buy: the books of the suppliers and ours match one to one', async t => {
  const lab = { databaseUrl: await createTestDatabase(t), redisUrl: process.env['TEST_REDIS_URL'] ?? '', isDurable: false }
  const report = await soak(lab, { seed: 20_261_123, orders: 100, kills: 1, suppliers: ['example', 'kahub'], faults: FAULTS }, line =>
    t.comment(line)
  )
  t.strictSame(report.faults, [])
  t.equal(report.kills, 1)
  t.equal(report.counts['orders'], 100)
})
