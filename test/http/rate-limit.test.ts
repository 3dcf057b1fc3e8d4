import t from 'tap'
import { newKeyText } from '../../src/accounts/key-text.ts'
import { startAccounts } from '../accounts/accounts-app.ts'

const LIMIT = 5
const REFUSED = 4
const hub = await startAccounts(t, { limits: { perPrincipalPerMinute: LIMIT, refusedPerAddressPerMinute: REFUSED } })
const RATE = /^"default";r=(\d+);t=(\d+)$/

/** The bootstrap key is limited as well, so keys are made by a new operator each time. */
let maker = ''
async function freshKey(path: string): Promise<string> {
  const key = maker === '' ? {} : { key: maker }
  const reseller = await hub.call('POST', '/v1/admin/resellers', { body: { name: 'Shop' }, ...key })
  const issued = await hub.call('POST', `/v1/admin/resellers/${reseller.body.id}/api-keys`, { body: { name: 'bot' }, ...key })
  const next = await hub.call('POST', '/v1/admin/operator-keys', { body: { name: path }, ...key })
  maker = next.body.key
  return issued.body.key
}

t.test('each answer says the policy and what is left of it', async t => {
  const key = await freshKey('policy')
  for (let left = LIMIT - 1; left >= 0; left--) {
    const { status, headers } = await hub.call('GET', '/probe/reseller', { key })
    t.equal(status, 200)
    t.equal(headers['ratelimit-policy'], `"default";q=${LIMIT};w=60`)
    const [, rest, seconds] = RATE.exec(String(headers['ratelimit'])) ?? []
    t.equal(Number(rest), left)
    t.ok(Number(seconds) > 50 && Number(seconds) <= 60)
    t.notOk(headers['retry-after'])
  }
})

t.test('beyond the limit the answer is a 429 problem that says when to come back', async t => {
  const key = await freshKey('beyond')
  for (let n = 0; n < LIMIT; n++) await hub.call('GET', '/probe/reseller', { key })
  const { status, code, headers, body } = await hub.call('GET', '/probe/reseller', { key })
  t.same([status, code, body.retryable], [429, 'rate_limited', true])
  t.match(headers, { 'content-type': 'application/problem+json', 'ratelimit-policy': `"default";q=${LIMIT};w=60` })
  const [, rest, seconds] = RATE.exec(String(headers['ratelimit'])) ?? []
  t.equal(Number(rest), 0)
  t.ok(Number(headers['retry-after']) >= Number(seconds), 'Retry-After is not earlier than t')
  t.equal((await hub.call('POST', '/probe/reseller', { key })).status, 200, 'writes are counted apart from reads')
  t.equal((await hub.call('GET', '/probe/reseller', { key: await freshKey('other') })).status, 200, 'and callers apart from each other')
})

t.test('refused logins are limited for their address, and a right key from there is not', async t => {
  const key = await freshKey('neighbour')
  const ip = '203.0.113.9'
  const statuses: number[] = []
  for (let n = 0; n < REFUSED; n++) statuses.push((await hub.call('GET', '/probe/reseller', { key: newKeyText(false), ip })).status)
  t.same(
    statuses,
    Array.from({ length: REFUSED }, () => 401)
  )
  const limited = await hub.call('GET', '/probe/reseller', { key: newKeyText(false), ip })
  t.same([limited.status, limited.code], [429, 'rate_limited'])
  t.ok(limited.headers['retry-after'])
  t.equal((await hub.call('GET', '/probe/reseller', { key: null, ip })).status, 429, 'also without any key')
  t.equal((await hub.call('GET', '/probe/operator', { key, ip })).status, 429, 'also for the wrong role')
  t.equal((await hub.call('GET', '/probe/reseller', { key, ip })).status, 200)
  t.equal((await hub.call('GET', '/probe/reseller', { key: null, ip: '203.0.113.10' })).status, 401)
})

t.test('public routes and unknown paths count for the address, an IPv6 network as one', async t => {
  for (let n = 0; n < LIMIT; n++) t.equal((await hub.call('GET', '/probe/public', { key: null, ip: `2001:db8::${n}` })).status, 200)
  t.equal((await hub.call('GET', '/probe/public', { key: null, ip: '2001:db8::ffff' })).status, 429)
  t.equal((await hub.call('GET', '/nowhere', { key: null, ip: '2001:db8::ffff' })).status, 429)
  t.equal((await hub.call('GET', '/nowhere', { key: null, ip: '2001:db8:0:1::1' })).status, 404)
})
