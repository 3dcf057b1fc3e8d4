import t from 'tap'
import { SCOPES } from '../../src/accounts/index.ts'
import { statement } from '../../src/kit/db/index.ts'
import { newId, toApiId } from '../../src/kit/ids.ts'
import { startAccounts } from './accounts-app.ts'

const hub = await startAccounts(t)
const { call, newReseller, newSupplier, newKey } = hub
const RESELLERS = '/v1/admin/resellers'
const SUPPLIERS = '/v1/admin/suppliers'
const OPERATOR_KEYS = '/v1/admin/operator-keys'
const KEY = /^kh_(live|test)_[0-9A-Za-z]{49}$/

t.test('createReseller answers with the whole resource', async t => {
  const { status, body } = await call('POST', RESELLERS, { body: { name: 'Corner shop', tier: 'gold', currency: 'USD' } })
  t.equal(status, 201)
  t.match(body, { id: /^rsl_/, name: 'Corner shop', tier: 'gold', currency: 'USD', state: 'active' })
  t.equal(body.createdAt, body.updatedAt)
  const plain = await call('POST', RESELLERS, { body: { name: '小店' } })
  t.match(plain.body, { name: '小店', tier: null, currency: 'CNY' })
  t.same((await call('GET', `${RESELLERS}/${body.id}`)).body, body)
})

t.test('createReseller and updateReseller refuse what does not fit', async t => {
  const id = await newReseller()
  const bad = [
    {},
    { name: '' },
    { name: '   ' },
    { name: 5 },
    { name: null },
    { name: 'x'.repeat(201) },
    { name: 'x', tier: '' },
    { name: 'x', tier: ['gold'] },
    { name: 'x', extra: 1 },
    { name: 'x', state: 'paused' },
    { name: 'x', id: newId() },
    { name: 'a\u0000b' },
    [],
    'text',
    null
  ]
  for (const body of [...bad, { name: 'x', currency: 'cny' }, { name: 'x', currency: 'CNYX' }]) {
    const { status, code } = await call('POST', RESELLERS, { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } })
    t.same([status, code], [400, 'validation_failed'], JSON.stringify(body))
  }
  for (const body of [...bad, { currency: 'USD' }]) {
    const { status } = await call('PATCH', `${RESELLERS}/${id}`, { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } })
    t.equal(status, 400, JSON.stringify(body))
  }
})

t.test('updateReseller changes what is given and nothing else', async t => {
  const id = await newReseller({ tier: 'gold' })
  t.match((await call('PATCH', `${RESELLERS}/${id}`, { body: { name: 'Renamed' } })).body, { name: 'Renamed', tier: 'gold', state: 'active' })
  t.match((await call('PATCH', `${RESELLERS}/${id}`, { body: { tier: null } })).body, { name: 'Renamed', tier: null })
  const { body } = await call('PATCH', `${RESELLERS}/${id}`, { body: { tier: 'silver' } })
  t.equal(body.tier, 'silver')
  t.ok(body.updatedAt > body.createdAt)
})

t.test('a supplier is created, renamed and read', async t => {
  const created = await call('POST', SUPPLIERS, { body: { name: 'Key works' } })
  t.equal(created.status, 201)
  t.match(created.body, { id: /^sup_/, name: 'Key works', state: 'active' })
  t.notOk('tier' in created.body)
  t.match((await call('PATCH', `${SUPPLIERS}/${created.body.id}`, { body: { name: 'Other' } })).body, { name: 'Other' })
  t.equal((await call('GET', `${SUPPLIERS}/${created.body.id}`)).body.name, 'Other')
  for (const body of [{}, { name: '' }, { name: 'x', tier: 'gold' }]) t.equal((await call('POST', SUPPLIERS, { body })).status, 400)
  t.equal((await call('PATCH', `${SUPPLIERS}/${created.body.id}`, { body: {} })).status, 400)
})

t.test('pause and resume are idempotent and show in the resource', async t => {
  for (const [path, id] of [
    [RESELLERS, await newReseller()],
    [SUPPLIERS, await newSupplier()]
  ]) {
    for (const verb of ['pause', 'pause', 'resume', 'resume']) {
      const { status, body } = await call('POST', `${path}/${id}/${verb}`)
      t.same([status, body.state], [200, verb === 'pause' ? 'paused' : 'active'])
      t.equal((await call('GET', `${path}/${id}`)).body.state, body.state)
    }
  }
})

t.test('an id of nothing, of another kind or of no form is answered alike', async t => {
  const reseller = await newReseller()
  const supplier = await newSupplier()
  const { id: keyId } = await newKey(reseller)
  const key = { body: { name: 'bot' } }
  for (const [path, id, other] of [
    [RESELLERS, reseller, supplier],
    [SUPPLIERS, supplier, reseller]
  ] as const) {
    const prefix = id.slice(0, 4)
    for (const unknown of [`${prefix}${newId()}`, other, newId(), 'nonsense', `${prefix}${newId().toUpperCase()}`, encodeURIComponent("' OR 1=1")]) {
      const answers = await Promise.all([
        call('GET', `${path}/${unknown}`),
        call('PATCH', `${path}/${unknown}`, { body: { name: 'x' } }),
        call('POST', `${path}/${unknown}/pause`),
        call('POST', `${path}/${unknown}/resume`),
        call('POST', `${path}/${unknown}/api-keys`, key),
        call('GET', `${path}/${unknown}/api-keys`),
        call('POST', `${path}/${unknown}/api-keys/${keyId}/rotate`, { body: {} }),
        call('DELETE', `${path}/${unknown}/api-keys/${keyId}`)
      ])
      for (const { status, code } of answers) t.same([status, code], [404, 'not_found'], unknown)
    }
    for (const unknown of [toApiId('key', newId()), 'key_x', path === RESELLERS ? id : keyId]) {
      t.equal((await call('POST', `${path}/${id}/api-keys/${unknown}/rotate`, { body: {} })).status, 404)
      t.equal((await call('DELETE', `${path}/${id}/api-keys/${unknown}`)).status, 404)
    }
  }
  t.equal((await call('DELETE', `${OPERATOR_KEYS}/${keyId}`)).status, 404, 'the key of a reseller is no operator key')
  t.equal((await call('GET', '/probe/reseller', { key: (await newKey(reseller)).key })).status, 200)
})

t.test('lists are newest first, complete, and stable while rows are added', async t => {
  const made: string[] = []
  for (let n = 0; n < 5; n++) made.unshift(await newSupplier())
  const first = await call('GET', `${SUPPLIERS}?limit=2`)
  t.same(
    first.body.data.map((row: { id: string }) => row.id),
    made.slice(0, 2)
  )
  await newSupplier()
  const second = await call('GET', `${SUPPLIERS}?limit=2&cursor=${first.body.nextCursor}`)
  t.same(
    second.body.data.map((row: { id: string }) => row.id),
    made.slice(2, 4)
  )
  const rest = await call('GET', `${SUPPLIERS}?limit=100&cursor=${second.body.nextCursor}`)
  t.equal(rest.body.data[0].id, made[4])
  t.equal(rest.body.nextCursor, null)
  t.equal((await call('GET', RESELLERS)).status, 200)
})

t.test('a list refuses limits and cursors that are not its own', async t => {
  const reseller = await newReseller()
  await newKey(reseller)
  await newKey(reseller)
  const other = await newReseller()
  const { body } = await call('GET', `${RESELLERS}/${reseller}/api-keys?limit=1`)
  t.type(body.nextCursor, 'string')
  t.equal((await call('GET', `${RESELLERS}/${reseller}/api-keys?cursor=${body.nextCursor}`)).status, 200)
  for (const path of [RESELLERS, SUPPLIERS, OPERATOR_KEYS, `${RESELLERS}/${other}/api-keys`, `${SUPPLIERS}/${await newSupplier()}/api-keys`]) {
    for (const query of ['limit=0', 'limit=101', 'limit=x', 'limit=1.5', 'cursor=', 'cursor=abc', `cursor=${body.nextCursor}`, 'unknown=1']) {
      t.same((await call('GET', `${path}?${query}`)).code, 'validation_failed', `${path}?${query}`)
    }
  }
})

t.test('a new key has all scopes of its role, shows its text once, and is stored as a hash', async t => {
  const reseller = await newReseller()
  const { status, body } = await call('POST', `${RESELLERS}/${reseller}/api-keys`, { body: { name: 'bot' } })
  t.equal(status, 201)
  t.match(body.key, KEY)
  t.ok(body.key.startsWith('kh_live_'))
  t.equal(body.hint, body.key.slice(-4))
  const { key, ...rest } = body
  t.same(rest, {
    id: body.id,
    name: 'bot',
    hint: body.hint,
    test: false,
    scopes: [...SCOPES.reseller],
    ipAllow: [],
    dailySpendCap: null,
    expiresAt: null,
    revokedAt: null,
    createdAt: body.createdAt
  })
  const list = await call('GET', `${RESELLERS}/${reseller}/api-keys`)
  t.same(list.body, { data: [rest], nextCursor: null })
  t.notOk(list.text.includes(key))
  const rows = await hub.db.query(statement('test_api_key_text', 'SELECT to_jsonb(k)::text AS text FROM api_key k'))
  t.notOk(rows.some(row => String(row.text).includes(key.slice(8, 51))))
})

t.test('a key keeps the terms that it was made with', async t => {
  const reseller = await newReseller({ currency: 'USD' })
  const terms = {
    name: 'limited',
    scopes: ['orders:read', 'catalog:read'],
    ipAllow: ['203.0.113.0/24', '2001:db8::/32', '198.51.100.7'],
    dailySpendCap: { amount: '100.5', currency: 'USD' },
    expiresAt: '2199-01-01T00:00:00+08:00',
    test: false
  }
  const { body } = await call('POST', `${RESELLERS}/${reseller}/api-keys`, { body: terms })
  t.match(body, { ...terms, dailySpendCap: { amount: '100.50', currency: 'USD' }, expiresAt: '2198-12-31T16:00:00.000Z' })
  t.ok(body.key.startsWith('kh_live_'))
  const supplier = await call('POST', `${SUPPLIERS}/${await newSupplier()}/api-keys`, { body: { name: 'sync' } })
  t.match(supplier.body, { scopes: [...SCOPES.supplier], key: KEY })
})

t.test('terms of a key that make no sense are refused with a pointer', async t => {
  const reseller = await newReseller()
  const bad: [object, string][] = [
    [{ scopes: [] }, '/scopes'],
    [{ scopes: ['accounts:write'] }, '/scopes/0'],
    [{ scopes: ['supplier:read'] }, '/scopes/0'],
    [{ scopes: 'orders:read' }, '/scopes'],
    [{ ipAllow: ['203.0.113.0/33'] }, '/ipAllow/0'],
    [{ ipAllow: ['203.0.113.7', 'example.com'] }, '/ipAllow/1'],
    [{ ipAllow: ['fe80::1%eth0'] }, '/ipAllow/0'],
    [{ ipAllow: ['1.2.3.4/08'] }, '/ipAllow/0'],
    [{ expiresAt: '2001-01-01T00:00:00Z' }, '/expiresAt'],
    [{ expiresAt: 'tomorrow' }, '/expiresAt'],
    [{ expiresAt: '2199-12-31T23:59:60Z' }, '/expiresAt'],
    [{ dailySpendCap: { amount: '1', currency: 'USD' } }, '/dailySpendCap/currency'],
    [{ dailySpendCap: { amount: '-1', currency: 'CNY' } }, '/dailySpendCap/amount'],
    [{ dailySpendCap: 5 }, '/dailySpendCap'],
    [{ test: 'yes' }, '/test'],
    [{ test: true }, '/test'],
    [{ keyHash: 'x' }, '/keyHash'],
    [{ name: '' }, '/name']
  ]
  for (const [body, pointer] of bad) {
    const answer = await call('POST', `${RESELLERS}/${reseller}/api-keys`, { body: { name: 'bot', ...body } })
    t.same([answer.status, answer.body.errors?.[0]?.pointer], [400, pointer], JSON.stringify(body))
  }
  const supplier = `${SUPPLIERS}/${await newSupplier()}/api-keys`
  t.equal((await call('POST', supplier, { body: { name: 'x', dailySpendCap: { amount: '1', currency: 'CNY' } } })).status, 400)
  t.equal((await call('POST', supplier, { body: { name: 'x', scopes: ['orders:read'] } })).status, 400)
})

t.test('rotation makes a successor on the same terms and ends the old key after the overlap', async t => {
  const reseller = await newReseller()
  const old = await newKey(reseller, {
    name: 'bot',
    scopes: ['orders:write'],
    ipAllow: ['0.0.0.0/0'],
    dailySpendCap: { amount: '7', currency: 'CNY' }
  })
  const rotate = `${RESELLERS}/${reseller}/api-keys/${old.id}/rotate`
  const before = Date.now()
  const { status, body } = await call('POST', rotate, { body: { overlapSeconds: 600 } })
  t.equal(status, 201)
  t.match(body, {
    name: 'bot',
    scopes: ['orders:write'],
    ipAllow: ['0.0.0.0/0'],
    test: false,
    dailySpendCap: { amount: '7.00' },
    expiresAt: null,
    key: /^kh_live_/
  })
  t.not(body.id, old.id)
  t.equal((await call('GET', '/probe/reseller', old)).status, 200, 'both work during the overlap')
  t.equal((await call('GET', '/probe/reseller', body)).status, 200)
  const [successor, ended] = (await call('GET', `${RESELLERS}/${reseller}/api-keys`)).body.data
  t.equal(successor.id, body.id)
  const overlap = Date.parse(ended.expiresAt) - before
  t.ok(overlap > 590_000 && overlap < 660_000, String(overlap))
  t.equal((await call('POST', rotate, { body: { overlapSeconds: 0 } })).status, 201)
  t.equal((await call('GET', '/probe/reseller', old)).code, 'unauthenticated', 'no overlap: at once')
  t.equal((await call('POST', rotate, { body: {} })).code, 'state_conflict')
  t.equal((await call('GET', '/probe/reseller', body)).status, 200)
})

t.test('rotation never prolongs a key, takes a default overlap, and refuses odd ones', async t => {
  const reseller = await newReseller()
  const expiresAt = new Date(Date.now() + 3_600_000).toISOString()
  const old = await newKey(reseller, { expiresAt })
  const rotate = `${RESELLERS}/${reseller}/api-keys/${old.id}/rotate`
  for (const overlapSeconds of [-1, 2_592_001, 1.5, '60', null]) t.equal((await call('POST', rotate, { body: { overlapSeconds } })).status, 400)
  t.equal((await call('POST', rotate, { body: { other: 1 } })).status, 400)
  const { status, body } = await call('POST', rotate)
  t.same([status, body.expiresAt], [201, expiresAt], 'without a body, and the successor ends when the old one would have')
  const list = await call('GET', `${RESELLERS}/${reseller}/api-keys`)
  t.equal(list.body.data[1].expiresAt, expiresAt)
  await call('DELETE', `${RESELLERS}/${reseller}/api-keys/${body.id}`)
  t.equal((await call('POST', `${RESELLERS}/${reseller}/api-keys/${body.id}/rotate`)).code, 'state_conflict', 'a revoked key has no successor')
})

t.test('revoking is idempotent, keeps its time, and reaches only the own account', async t => {
  const reseller = await newReseller()
  const stranger = await newReseller()
  const { id, key } = await newKey(reseller)
  t.equal((await call('DELETE', `${RESELLERS}/${stranger}/api-keys/${id}`)).status, 404)
  t.equal((await call('GET', '/probe/reseller', { key })).status, 200)
  const revoke = () => call('DELETE', `${RESELLERS}/${reseller}/api-keys/${id}`)
  t.match(await revoke(), { status: 204, text: '' })
  const { revokedAt } = (await call('GET', `${RESELLERS}/${reseller}/api-keys`)).body.data[0]
  t.type(revokedAt, 'string')
  t.equal((await revoke()).status, 204)
  t.equal((await call('GET', `${RESELLERS}/${reseller}/api-keys`)).body.data[0].revokedAt, revokedAt)
  t.equal((await call('GET', '/probe/reseller', { key })).code, 'unauthenticated')
})

t.test('an operator key is at most as mighty as its maker', async t => {
  const all = await call('POST', OPERATOR_KEYS, { body: { name: 'second operator' } })
  t.equal(all.status, 201)
  t.same(all.body.scopes, [...SCOPES.operator])
  const limited = await call('POST', OPERATOR_KEYS, { body: { name: 'accounts', scopes: ['accounts:write', 'accounts:read'] }, key: all.body.key })
  t.equal(limited.status, 201)
  const { key } = limited.body
  const grab = await call('POST', OPERATOR_KEYS, { body: { name: 'x', scopes: ['wallet:write'] }, key })
  t.same([grab.status, grab.code], [403, 'forbidden'])
  t.same((await call('POST', OPERATOR_KEYS, { body: { name: 'x' }, key })).body.scopes, ['accounts:read', 'accounts:write'])
  t.equal((await call('GET', '/probe/operator', { key })).code, 'forbidden')
  t.equal((await call('POST', OPERATOR_KEYS, { body: { name: 'x', scopes: ['orders:write', 'cards:reveal'] } })).status, 400)
  t.equal((await call('POST', OPERATOR_KEYS, { body: { name: 'x', dailySpendCap: { amount: '1', currency: 'CNY' } } })).status, 400)
  const list = await call('GET', OPERATOR_KEYS)
  t.ok(list.body.data.some((row: { id: string }) => row.id === limited.body.id))
  t.notOk(list.text.includes(key))
  t.equal((await call('DELETE', `${OPERATOR_KEYS}/${limited.body.id}`)).status, 204)
  t.equal((await call('GET', OPERATOR_KEYS, { key })).status, 401)
  t.equal((await call('DELETE', `${OPERATOR_KEYS}/${limited.body.id}`)).status, 204)
  t.equal((await call('DELETE', `${OPERATOR_KEYS}/${toApiId('key', newId())}`)).status, 404)
})

t.test('every operation refuses no key, another role, and a key without its scope', async t => {
  const reseller = await newReseller()
  const supplier = await newSupplier()
  const { id: keyId, key: resellerKey } = await newKey(reseller)
  const supplierKey = (await call('POST', `${SUPPLIERS}/${supplier}/api-keys`, { body: { name: 's' } })).body.key
  const reader = (await call('POST', OPERATOR_KEYS, { body: { name: 'r', scopes: ['accounts:read'] } })).body.key
  const writer = (await call('POST', OPERATOR_KEYS, { body: { name: 'w', scopes: ['accounts:write'] } })).body.key
  const name = { name: 'x' }
  type Operation = ['GET' | 'POST' | 'PATCH' | 'DELETE', string, object?]
  const operations: Operation[] = [RESELLERS, SUPPLIERS].flatMap((path): Operation[] => {
    const one = `${path}/${path === RESELLERS ? reseller : supplier}`
    return [
      ['GET', path],
      ['POST', path, name],
      ['GET', one],
      ['PATCH', one, name],
      ['POST', `${one}/pause`],
      ['POST', `${one}/resume`],
      ['GET', `${one}/api-keys`],
      ['POST', `${one}/api-keys`, name],
      ['POST', `${one}/api-keys/${keyId}/rotate`, {}],
      ['DELETE', `${one}/api-keys/${keyId}`]
    ]
  })
  operations.push(['GET', OPERATOR_KEYS], ['POST', OPERATOR_KEYS, name], ['DELETE', `${OPERATOR_KEYS}/${keyId}`])
  for (const [method, url, body] of operations) {
    const lesser = method === 'GET' ? writer : reader
    const expected: [string | null, number][] = [
      [null, 401],
      ['nonsense', 401],
      [resellerKey, 403],
      [supplierKey, 403],
      [lesser, 403]
    ]
    for (const [key, status] of expected) t.equal((await call(method, url, { key, body })).status, status, `${method} ${url} ${status}`)
  }
  t.equal((await call('GET', `${RESELLERS}/${reseller}`)).body.state, 'active', 'nothing happened')
})
