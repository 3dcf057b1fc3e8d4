import { once } from 'node:events'
import { createServer, get, type IncomingMessage } from 'node:http'
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from 'node:net'
import fc from 'fast-check'
import t from 'tap'
import { createAuthenticator } from '../../src/accounts/index.ts'
import { ipMatcher, parseIpRange } from '../../src/accounts/ip-allow.ts'
import { isKeyText, newKeyText } from '../../src/accounts/key-text.ts'
import { createDatabase, type Queryable, statement } from '../../src/kit/db/index.ts'
import { eventually } from '../support/eventually.ts'
import { BOOTSTRAP_KEY, client, sha256, startAccounts, startInstance } from './accounts-app.ts'

const hub = await startAccounts(t)
const { call, newReseller, newKey } = hub
/** Of either kind of installation. */
const isOfKeyForm = (text: string): boolean => isKeyText(text, true) || isKeyText(text, false)
const RESELLERS = '/v1/admin/resellers'

/** How many statements an authenticator of its own sends. */
function countingDb(): Queryable & { reads: number } {
  const counting = {
    reads: 0,
    orm: hub.db.orm,
    execute: hub.db.execute,
    query: (async (...args: Parameters<Queryable['query']>) => {
      counting.reads++
      return await hub.db.query(...args)
    }) as Queryable['query']
  }
  return counting
}

const codeOf = async (action: () => unknown): Promise<unknown> => {
  try {
    await action()
    return 'none'
  } catch (error) {
    return (error as { code?: string }).code
  }
}

t.test('a key has 43 random characters and a checksum that finds every single wrong character', async t => {
  const keys = new Set(Array.from({ length: 500 }, (_, n) => newKeyText(n % 2 === 0)))
  t.equal(keys.size, 500)
  for (const key of keys) t.ok(/^kh_(live|test)_[0-9A-Za-z]{49}$/.test(key) && isKeyText(key, key.startsWith('kh_test_')), key)
  const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
  fc.assert(
    fc.property(fc.boolean(), fc.integer({ min: 8, max: 56 }), fc.integer({ min: 0, max: 61 }), (test, at, letter) => {
      const key = newKeyText(test)
      const wrong = key.slice(0, at) + alphabet[letter] + key.slice(at + 1)
      return isOfKeyForm(wrong) === (wrong === key)
    })
  )
  const live = newKeyText(false)
  for (const wrong of [live.replace('live', 'test'), live.slice(0, -1), `${live}0`, live.toUpperCase(), ` ${live}`, `${live}\n`, '', live.slice(8)]) {
    t.notOk(isOfKeyForm(wrong), JSON.stringify(wrong))
  }
  const used = new Set([...keys].flatMap(key => [...key.slice(8, 51)]))
  t.equal(used.size, 62, 'every character occurs')
})

t.test('every wrong identity gets the same answer', async t => {
  const reseller = await newReseller()
  const revoked = await newKey(reseller)
  await call('DELETE', `${RESELLERS}/${reseller}/api-keys/${revoked.id}`)
  const expired = await newKey(reseller)
  await hub.db.execute(statement('test_expire', `UPDATE api_key SET expires_at = now() - interval '1 s' WHERE id = $1`), [expired.id.slice(4)])
  const { key } = await newKey(reseller)
  const headers = [
    undefined,
    '',
    'Bearer',
    'Bearer ',
    `Basic ${key}`,
    key,
    `Bearer ${key}x`,
    `Bearer ${key.slice(0, -1)}`,
    `Bearer ${newKeyText(false)}`,
    `Bearer x ${key}`,
    `Bearer ${revoked.key}`,
    `Bearer ${expired.key}`,
    `Bearer ${BOOTSTRAP_KEY}x`,
    `Bearer ${'x'.repeat(9_000)}`,
    `Bearer a.b.c`,
    `Bearer ${key},${key}`,
    'Bearer null'
  ]
  const answers = await Promise.all(
    headers.map(authorization => hub.app.inject({ url: '/probe/reseller', headers: authorization === undefined ? {} : { authorization } }))
  )
  const texts = new Set(answers.map(({ body }) => body.replace(/req_\w+/, '')))
  t.equal(texts.size, 1, [...texts].join('\n'))
  for (const answer of answers) {
    t.equal(answer.statusCode, 401)
    t.equal(answer.headers['www-authenticate'], 'Bearer')
    t.equal(answer.headers['content-type'], 'application/problem+json')
  }
  t.equal((await call('GET', `/probe/reseller?key=${key}&authorization=Bearer%20${key}`, { key: null })).status, 401, 'a key in the URL is none')
  t.equal((await call('GET', '/probe/reseller', { key: null, headers: { authorization: `bEARER   ${key}  ` } })).status, 200)
})

t.test('two Authorization headers are refused, also when both are right', async t => {
  const { key } = await newKey(await newReseller())
  const instance = await startInstance(t, { databaseUrl: hub.databaseUrl })
  await instance.app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = instance.app.server.address() as AddressInfo
  const ask = async (authorization: string[]): Promise<number | undefined> => {
    const request = get({
      port,
      host: '127.0.0.1',
      path: '/probe/reseller',
      headers: ['host', 'kahub', ...authorization.flatMap(value => ['authorization', value])],
      agent: false
    })
    const [answer] = (await once(request, 'response')) as [IncomingMessage]
    answer.resume()
    return answer.statusCode
  }
  t.equal(await ask([`Bearer ${key}`]), 200)
  t.equal(await ask([`Bearer ${key}`, `Bearer ${key}`]), 401)
})

t.test('role and scope decide, and a tier reaches the principal', async t => {
  const reseller = await newReseller({ tier: 'gold' })
  const { id, key } = await newKey(reseller, { scopes: ['orders:write', 'orders:read'] })
  t.match((await call('GET', '/probe/reseller', { key })).body, { actor: id, scopes: ['orders:write', 'orders:read'], tier: 'gold' })
  t.equal((await call('GET', '/probe/operator', { key })).code, 'forbidden')
  t.equal((await call('GET', '/probe/supplier', { key })).code, 'forbidden')
  const other = await newKey(reseller, { scopes: ['catalog:read'] })
  t.equal((await call('GET', '/probe/reseller', other)).code, 'forbidden')
  await call('PATCH', `${RESELLERS}/${reseller}`, { body: { tier: 'silver' } })
  t.equal((await call('GET', '/probe/reseller', { key })).body.tier, 'silver', 'a new tier is effective at once')
})

t.test('the bootstrap key holds every operator scope and only that', async t => {
  t.match((await call('GET', '/probe/operator')).body, { actor: 'bootstrap' })
  t.equal((await call('GET', '/probe/reseller')).code, 'forbidden')
  const key = '运营者的第一把钥匙，三十二个字符或更多，运营者的第一把钥匙，三十二个字符'
  const { authenticate } = createAuthenticator({ db: hub.db, bootstrapKeyHash: sha256(key), jwt: null })
  t.match(authenticate(Buffer.from(key).toString('latin1'), '127.0.0.1'), { actor: 'bootstrap' }, 'as the bytes arrive in a header')
  t.equal(await codeOf(() => authenticate(key.slice(1), '127.0.0.1')), 'unauthenticated')
  const none = createAuthenticator({ db: hub.db, bootstrapKeyHash: null, jwt: null })
  t.equal(await codeOf(() => none.authenticate(BOOTSTRAP_KEY, '127.0.0.1')), 'unauthenticated')
})

t.test('pausing an account shuts out all its keys at once, and resuming lets them in', async t => {
  const reseller = await newReseller()
  const supplier = await hub.newSupplier()
  const keys = [await newKey(reseller), await newKey(reseller)]
  const supplierKey = (await call('POST', `/v1/admin/suppliers/${supplier}/api-keys`, { body: { name: 's' } })).body
  const statuses = async () => [
    (await call('GET', '/probe/reseller', keys[0])).status,
    (await call('POST', '/probe/reseller', keys[1])).status,
    (await call('GET', '/probe/supplier', supplierKey)).status
  ]
  t.same(await statuses(), [200, 200, 200])
  await call('POST', `${RESELLERS}/${reseller}/pause`)
  t.same(await statuses(), [403, 403, 200])
  t.equal((await call('GET', '/probe/reseller', keys[0])).code, 'account_suspended')
  await call('POST', `/v1/admin/suppliers/${supplier}/pause`)
  await call('POST', `${RESELLERS}/${reseller}/resume`)
  t.same(await statuses(), [200, 200, 403])
})

t.test('revocation and pausing reach another instance within 5 seconds', async t => {
  const there = client(await startInstance(t, { databaseUrl: hub.databaseUrl }))
  const [paused, ended] = [await newReseller(), await newReseller()]
  const [first, second, rotated] = [await newKey(paused), await newKey(ended), await newKey(ended)]
  const busy = async () => await Promise.all([first, second, rotated].map(async key => (await there('GET', '/probe/reseller', key)).code ?? 'ok'))
  t.same(await busy(), ['ok', 'ok', 'ok'])
  await call('POST', `${RESELLERS}/${paused}/pause`)
  await call('DELETE', `${RESELLERS}/${ended}/api-keys/${second.id}`)
  await call('POST', `${RESELLERS}/${ended}/api-keys/${rotated.id}/rotate`, { body: { overlapSeconds: 0 } })
  const since = performance.now()
  await eventually('the other instance follows', async () => {
    const codes = await busy()
    return codes[0] === 'account_suspended' && codes[1] === 'unauthenticated' && codes[2] === 'unauthenticated'
  })
  t.ok(performance.now() - since < 5_000)
})

t.test('an expiry is kept to the moment, also while the key is cached', async t => {
  const { key } = await newKey(await newReseller(), { expiresAt: new Date(Date.now() + 1_000).toISOString() })
  t.equal((await call('GET', '/probe/reseller', { key })).status, 200)
  const since = performance.now()
  await eventually('the key expires', async () => (await call('GET', '/probe/reseller', { key })).code === 'unauthenticated')
  t.ok(performance.now() - since < 2_000, 'without waiting for the cache')
})

t.test('an allow list lets in its addresses and no other', async t => {
  const { key } = await newKey(await newReseller(), { ipAllow: ['203.0.113.0/24', '198.51.100.7', '2001:db8:1::/48', '::1'] })
  const statusFrom = async (ip: string) => (await call('GET', '/probe/reseller', { key, ip })).status
  for (const ip of ['203.0.113.0', '203.0.113.255', '198.51.100.7', '::ffff:203.0.113.9', '2001:db8:1:ffff::5', '::1'])
    t.equal(await statusFrom(ip), 200, ip)
  for (const ip of ['203.0.114.0', '198.51.100.8', '2001:db8:2::1', '::ffff:198.51.100.8', '::2', '127.0.0.1', 'nonsense', ''])
    t.equal(await statusFrom(ip), 403, ip)
  t.equal((await call('GET', '/probe/reseller', { key, ip: '10.0.0.1' })).code, 'ip_not_allowed')
})

t.test('address ranges are read as they are written', async t => {
  const good = ['0.0.0.0/0', '::/0', '10.0.0.1/8', '1.2.3.4/32', '1.2.3.4', '2001:DB8::1', '::ffff:1.2.3.4', '2001:db8::/128']
  const bad = [
    '',
    '/',
    '1.2.3',
    '1.2.3.4/',
    '1.2.3.4/33',
    '1.2.3.4/-1',
    '::/129',
    '1.2.3.4/24/24',
    '01.2.3.4',
    ' 1.2.3.4',
    '1.2.3.4/2x',
    'localhost',
    '::1%lo',
    '::g'
  ]
  for (const text of good) t.not(parseIpRange(text), null, text)
  for (const text of bad) t.equal(parseIpRange(text), null, text)
  t.ok(ipMatcher(['0.0.0.0/0'])('8.8.8.8'))
  t.notOk(ipMatcher(['0.0.0.0/0'])('2001:db8::1'))
  t.ok(ipMatcher(['::/0'])('2001:db8::1%eth0'))
  fc.assert(
    fc.property(fc.nat(0xffffffff), fc.nat(0xffffffff), fc.integer({ min: 0, max: 32 }), (network, address, prefix) => {
      const dotted = (value: number): string => [24, 16, 8, 0].map(shift => (value >>> shift) & 255).join('.')
      const mask = prefix === 0 ? 0 : -1 << (32 - prefix)
      return ipMatcher([`${dotted(network)}/${prefix}`])(dotted(address)) === ((network & mask) === (address & mask))
    })
  )
})

t.test('a cached key is answered at once and read again when it is stale', async t => {
  const { key } = await newKey(await newReseller())
  const db = countingDb()
  const { authenticate } = createAuthenticator({ db, bootstrapKeyHash: null, jwt: null })
  await Promise.all(Array.from({ length: 50 }, () => authenticate(key, '127.0.0.1')))
  t.equal(db.reads, 1, 'many at once are one read')
  const principal = authenticate(key, '127.0.0.1')
  t.notOk(principal instanceof Promise, 'no promise, no read')
  t.equal(db.reads, 1)
  await eventually('the entry grows stale', () => authenticate(key, '127.0.0.1') instanceof Promise)
})

t.test('keys that are asked for together are read in one statement', async t => {
  const reseller = await newReseller()
  const keys = await Promise.all(Array.from({ length: 20 }, () => newKey(reseller)))
  const db = countingDb()
  const { authenticate } = createAuthenticator({ db, bootstrapKeyHash: null, jwt: null })
  const unknown = Array.from({ length: 1_000 }, () => newKeyText(false))
  const answers = await Promise.allSettled([...keys.map(({ key }) => key), ...unknown].map(async key => await authenticate(key, '127.0.0.1')))
  t.equal(db.reads, 1)
  t.same(
    answers.slice(0, 20).map(answer => answer.status === 'fulfilled' && answer.value.apiKeyId),
    keys.map(({ id }) => id.slice(4)),
    'each gets its own'
  )
  t.ok(answers.slice(20).every(answer => answer.status === 'rejected'))
})

t.test('what cannot be a key is refused without a read, and an unknown key is remembered for a while', async t => {
  const db = countingDb()
  const { authenticate } = createAuthenticator({ db, bootstrapKeyHash: null, jwt: null })
  const right = newKeyText(false)
  for (const text of ['', 'x', 'a.b.c', `${right}x`, right.replace(/.$/, last => (last === 'a' ? 'b' : 'a')), 'x'.repeat(100_000)]) {
    t.equal(await codeOf(() => authenticate(text, '127.0.0.1')), 'unauthenticated')
  }
  t.equal(db.reads, 0)
  for (let n = 0; n < 5; n++) t.equal(await codeOf(() => authenticate(right, '127.0.0.1')), 'unauthenticated')
  t.equal(db.reads, 1)
})

t.test('a change that comes while a key is being read is not lost to the cache', async t => {
  const reseller = await newReseller()
  const { key } = await newKey(reseller)
  let held = false
  const gate = Promise.withResolvers<void>()
  const read = Promise.withResolvers<void>()
  const slow: Queryable = {
    ...countingDb(),
    query: (async (...args: Parameters<Queryable['query']>) => {
      const rows = await hub.db.query(...args)
      const first = !held
      held = true
      read.resolve()
      if (first) await gate.promise
      return rows
    }) as Queryable['query']
  }
  const { authenticate, forget } = createAuthenticator({ db: slow, bootstrapKeyHash: null, jwt: null })
  const early = authenticate(key, '127.0.0.1')
  await read.promise
  await call('POST', `${RESELLERS}/${reseller}/pause`)
  forget(reseller.slice(4))
  t.equal(await codeOf(() => authenticate(key, '127.0.0.1')), 'account_suspended', 'asked after')
  gate.resolve()
  t.match(await early, { role: 'reseller' }, 'asked before')
  t.equal(await codeOf(() => authenticate(key, '127.0.0.1')), 'account_suspended')
})

t.test('without the database the answer is 503, never 401, and the first request after its return succeeds', async t => {
  const { key } = await newKey(await newReseller())
  const target = new URL(hub.databaseUrl)
  const sockets = new Set<Socket>()
  const proxy = createTcpServer(socket => {
    const upstream = connect(Number(target.port), target.hostname)
    for (const each of [socket, upstream]) {
      sockets.add(each)
      each.on('error', () => undefined).on('close', () => sockets.delete(each))
    }
    socket.pipe(upstream).pipe(socket)
  })
  await once(proxy.listen(0, '127.0.0.1'), 'listening')
  const { port } = proxy.address() as AddressInfo
  const url = new URL(hub.databaseUrl)
  url.hostname = '127.0.0.1'
  url.port = String(port)
  const there = client(await startInstance(t, { databaseUrl: url.href }))
  t.equal((await there('GET', '/probe/reseller', { key })).status, 200)
  proxy.close()
  for (const socket of sockets) socket.destroy()
  const fresh = await there('GET', '/probe/reseller', { key: newKeyText(false) })
  t.same([fresh.status, fresh.code], [503, 'dependency_unavailable'])
  t.ok(fresh.headers['retry-after'])
  await eventually('the cached key needs the database again', async () => (await there('GET', '/probe/reseller', { key })).status === 503)
  t.equal((await there('GET', '/probe/operator')).status, 200, 'the bootstrap key needs no database')
  await once(proxy.listen(port, '127.0.0.1'), 'listening')
  t.teardown(() => {
    proxy.close()
    for (const socket of sockets) socket.destroy()
  })
  t.equal((await there('GET', '/probe/reseller', { key })).status, 200)
})

t.test('an authenticator without any database at all refuses nobody as unknown', async t => {
  const closed = createServer().listen(0)
  await once(closed, 'listening')
  const { port } = closed.address() as AddressInfo
  closed.close()
  const db = createDatabase({ url: `postgres://nobody@127.0.0.1:${port}/none`, maxConnections: 1, onError: () => undefined })
  t.teardown(() => db.close())
  const { authenticate } = createAuthenticator({ db, bootstrapKeyHash: null, jwt: null })
  t.equal(await codeOf(() => authenticate(newKeyText(false), '127.0.0.1')), 'dependency_unavailable')
})

t.test('a sandbox has keys of its own, and no installation takes those of the other kind, or looks for them', async t => {
  const sandbox = await startInstance(t, { databaseUrl: hub.databaseUrl, sandbox: true })
  const inSandbox = client(sandbox)
  const reseller = await newReseller()
  const live = await newKey(reseller)
  const { body: test } = await inSandbox('POST', `${RESELLERS}/${reseller}/api-keys`, { body: { name: 'bot' } })
  t.match(test, { test: true, key: /^kh_test_/ })
  t.match(live.key, /^kh_live_/)
  t.same([(await inSandbox('GET', '/probe/reseller', test)).status, (await inSandbox('GET', '/probe/reseller', live)).status], [200, 401])
  t.same([(await call('GET', '/probe/reseller', test)).status, (await call('GET', '/probe/reseller', live)).status], [401, 200])
  for (const [ask, kind] of [
    [call, true],
    [inSandbox, false]
  ] as const) {
    const refused = await ask('POST', `${RESELLERS}/${reseller}/api-keys`, { body: { name: 'bot', test: kind } })
    t.same([refused.status, refused.body.errors?.[0]?.pointer], [400, '/test'])
  }
  const db = countingDb()
  const { authenticate } = createAuthenticator({ db, bootstrapKeyHash: null, jwt: null })
  t.equal(await codeOf(() => authenticate(test.key, '127.0.0.1')), 'unauthenticated')
  t.equal(db.reads, 0)
})
