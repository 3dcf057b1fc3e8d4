import { createHmac, createPublicKey, KeyObject, sign, type webcrypto } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CompactEncrypt, exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import t from 'tap'
import { SCOPES } from '../../src/accounts/index.ts'
import { client, startAccounts, startInstance } from './accounts-app.ts'

const ISSUER = 'https://login.example.test'
const AUDIENCE = 'kahub'
const HOUR = 3_600

const algorithms = ['RS256', 'PS256', 'ES256', 'EdDSA'] as const
const pairs = Object.fromEntries(await Promise.all(algorithms.map(async alg => [alg, await generateKeyPair(alg, { extractable: true })] as const)))
const rsa = await generateKeyPair('RS256', { extractable: true })
const jwks = {
  keys: await Promise.all(
    Object.entries(pairs).map(async ([alg, { publicKey }]) => ({ ...(await exportJWK(publicKey)), kid: `key-${alg}`, alg, use: 'sig' }))
  )
}

/** The issuer's key set over HTTP; counts its readers, and counts whoever follows a header to it. */
const issuer = { reads: 0, lured: 0, answer: () => ({ status: 200, body: JSON.stringify(jwks) }) }
const server = createServer((request, response) => {
  if (request.url === '/jwks') issuer.reads++
  else issuer.lured++
  const { status, body } = issuer.answer()
  response.writeHead(status, { 'content-type': 'application/json' }).end(body)
})
await once(server.listen(0, '127.0.0.1'), 'listening')
t.teardown(() => server.close())
const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

const jwt = { issuer: ISSUER, audience: AUDIENCE, jwksUrl: `${base}/jwks` }
const hub = await startAccounts(t, { jwt })
const { call } = hub

const now = (): number => Math.floor(Date.now() / 1_000)
const claims = (change: JWTPayload = {}): JWTPayload => ({
  iss: ISSUER,
  aud: AUDIENCE,
  sub: 'alice',
  exp: now() + HOUR,
  iat: now(),
  scope: 'openid wallet:write accounts:read email',
  ...change
})

interface Header {
  alg?: string
  kid?: string
  [name: string]: unknown
}

const without = (...names: string[]): JWTPayload => Object.fromEntries(Object.entries(claims()).filter(([name]) => !names.includes(name)))

async function token(
  payload: JWTPayload = claims(),
  { alg = 'RS256', ...header }: Header = {},
  key: KeyObject | webcrypto.CryptoKey = keyOf(alg)
): Promise<string> {
  return await new SignJWT(payload).setProtectedHeader({ alg, kid: `key-${alg}`, ...header }).sign(key)
}

function keyOf(alg: string): webcrypto.CryptoKey {
  const pair = pairs[alg]
  if (pair === undefined) throw new Error(`no key for ${alg}`)
  return pair.privateKey
}

const part = (value: unknown): string => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
const handMade = (header: unknown, payload: unknown, signature = ''): string => `${part(header)}.${part(payload)}.${signature}`

/** Signed as it stands, whatever it says. */
function signed(header: unknown, payload: unknown): string {
  const text = `${part(header)}.${part(payload)}`
  return `${text}.${sign('RSA-SHA256', Buffer.from(text), KeyObject.from(keyOf('RS256'))).toString('base64url')}`
}

t.test('a token of each allowed algorithm is an operator with its known scopes', async t => {
  for (const alg of algorithms) {
    for (const typ of [undefined, 'JWT', 'jwt', 'at+jwt', 'application/at+jwt']) {
      const { status, body } = await call('GET', '/probe/operator', { key: await token(claims(), typ === undefined ? { alg } : { alg, typ }) })
      t.equal(status, 200, `${alg} ${typ}`)
      t.same(body, { actor: 'jwt:alice', scopes: ['accounts:read', 'wallet:write'], tier: null })
    }
  }
  t.equal(issuer.reads, 1, 'the key set is read once')
  t.equal((await call('GET', '/probe/operator', { key: await token(claims({ aud: ['other', AUDIENCE] })) })).status, 200)
  t.equal((await call('GET', '/probe/operator', { key: await token(claims({ exp: now() - 2 })) })).status, 200, 'clocks may differ a little')
})

t.test('scopes decide as for keys, and a subject cannot pose as another actor', async t => {
  const scoped = async (scope: unknown) => (await call('GET', '/probe/operator', { key: await token(claims({ scope })) })).code ?? 'ok'
  t.equal(await scoped('wallet:write'), 'ok')
  for (const scope of [
    'wallet:read',
    '',
    'WALLET:WRITE',
    'wallet:write,wallet:read',
    ['wallet:write'],
    { 'wallet:write': true },
    5,
    undefined,
    '*'
  ]) {
    t.equal(await scoped(scope), 'forbidden', JSON.stringify(scope))
  }
  t.equal((await call('GET', '/probe/reseller', { key: await token(claims({ scope: 'orders:write' })) })).code, 'forbidden')
  t.equal((await call('GET', '/probe/operator', { key: await token(claims({ sub: 'bootstrap' })) })).body.actor, 'jwt:bootstrap')
  t.equal((await call('GET', '/probe/operator', { key: await token(claims({ sub: 'x'.repeat(1_000) })) })).body.actor.length, 204)
  t.match((await call('GET', '/probe/operator', { key: await token(claims({ scope: SCOPES.operator.join(' ') })) })).body.scopes, SCOPES.operator)
})

t.test('every forged, foreign or ended token is refused alike', async t => {
  const good = await token()
  const [head = '', body = '', signature = ''] = good.split('.')
  const rsaKey = pairs['RS256']
  if (rsaKey === undefined) throw new Error('no RSA key')
  const publicJwk = await exportJWK(rsaKey.publicKey)
  const pem = createPublicKey({ key: publicJwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' })
  const confused = `${part({ alg: 'HS256', kid: 'key-RS256' })}.${body}`
  const hmac = (secret: string | Buffer) => createHmac('sha256', secret).update(confused).digest('base64url')
  const ownJwk = { ...(await exportJWK(rsa.publicKey)), alg: 'RS256' }
  const encrypted = await new CompactEncrypt(Buffer.from(JSON.stringify(claims())))
    .setProtectedHeader({ alg: 'RSA-OAEP-256', enc: 'A256GCM' })
    .encrypt(createPublicKey({ key: publicJwk, format: 'jwk' }))
  const vectors: Record<string, string> = {
    'alg none': handMade({ alg: 'none' }, claims()),
    'alg NoNe with a signature': signed({ alg: 'NoNe', kid: 'key-RS256' }, claims()),
    'no alg': signed({ kid: 'key-RS256' }, claims()),
    'HS256 with the public key as PEM': `${confused}.${hmac(pem as string)}`,
    'HS256 with the public key as JWK': `${confused}.${hmac(JSON.stringify(publicJwk))}`,
    'HS256 with an empty secret': `${confused}.${hmac('')}`,
    'RS512, not on the list': signedRs512(),
    'another algorithm than the key is for': signed({ alg: 'PS256', kid: 'key-RS256' }, claims()),
    'no exp': await token(without('exp')),
    'exp in the past': await token(claims({ exp: now() - 60 })),
    'exp as text': signed({ alg: 'RS256', kid: 'key-RS256' }, { ...claims(), exp: String(now() + HOUR) }),
    'nbf in the future': await token(claims({ nbf: now() + 60 })),
    'another issuer': await token(claims({ iss: `${ISSUER}/` })),
    'no issuer': await token(without('iss')),
    'another audience': await token(claims({ aud: 'kahub2' })),
    'audiences without ours': await token(claims({ aud: ['a', 'b'] })),
    'no audience': await token(without('aud')),
    'typ of an id token': await token(claims(), { typ: 'id+jwt' }),
    'typ secevent': await token(claims(), { typ: 'secevent+jwt' }),
    'typ that is no text': signed({ alg: 'RS256', kid: 'key-RS256', typ: 5 }, claims()),
    'jku that leads to a key set': await token(claims(), { jku: `${base}/evil` }, rsa.privateKey),
    'jku beside the right signature': await token(claims(), { jku: `${base}/jwks` }),
    x5u: await token(claims(), { x5u: `${base}/evil` }),
    'jwk in the header': await token(claims(), { jwk: ownJwk, kid: 'own' }, rsa.privateKey),
    'jwk beside the right signature': await token(claims(), { jwk: ownJwk }),
    'unknown crit': signed({ alg: 'RS256', kid: 'key-RS256', crit: ['exp2'], exp2: 1 }, claims()),
    'known crit': await token(claims(), { crit: ['b64'], b64: true }),
    'unencoded payload': signed({ alg: 'RS256', kid: 'key-RS256', crit: ['b64'], b64: false }, claims()),
    'unknown kid': await token(claims(), { kid: 'key-9' }),
    'kid that walks': await token(claims(), { kid: '../../jwks' }),
    'kid of SQL': await token(claims(), { kid: "' OR 1=1 --" }),
    'kid that is no text': signed({ alg: 'RS256', kid: 5 }, claims()),
    'a stranger with our kid': await token(claims(), {}, rsa.privateKey),
    'other claims under the signature': `${head}.${part(claims({ sub: 'mallory' }))}.${signature}`,
    'other header over the signature': `${part({ alg: 'RS256', kid: 'key-RS256', x: 1 })}.${body}.${signature}`,
    'no signature': `${head}.${body}.`,
    'signature cut off': good.slice(0, -4),
    'two parts': `${head}.${body}`,
    'four parts': `${good}.${signature}`,
    encrypted: encrypted,
    'claims that are no object': signed({ alg: 'RS256', kid: 'key-RS256' }, '[]'),
    'header that is no JSON': signed('nonsense', claims()),
    'too long': await token(claims({ filler: 'x'.repeat(10_000) })),
    'blank inside': `${head}. ${body}.${signature}`
  }
  t.ok(Object.keys(vectors).length >= 25)
  const answers = new Set<string>()
  for (const [name, key] of Object.entries(vectors)) {
    const { status, code, text } = await call('GET', '/probe/operator', { key })
    t.same([status, code], [401, 'unauthenticated'], name)
    answers.add(text.replace(/req_\w+/, ''))
  }
  t.equal(answers.size, 1, 'and the answer says no more')
  t.equal(issuer.lured, 0, 'no header made the hub fetch a key')
  t.equal((await call('GET', '/probe/operator', { key: good })).status, 200)
  t.equal(
    (await call('GET', '/probe/operator', { key: signed({ alg: 'RS256', kid: 'key-RS256' }, claims()) })).status,
    200,
    'the vectors fail for their own reason'
  )
})

function signedRs512(): string {
  const text = `${part({ alg: 'RS512', kid: 'key-RS256' })}.${part(claims())}`
  return `${text}.${sign('RSA-SHA512', Buffer.from(text), KeyObject.from(keyOf('RS256'))).toString('base64url')}`
}

t.test('unknown key ids do not make the hub hammer the issuer', async t => {
  const before = issuer.reads
  for (let n = 0; n < 20; n++) t.equal((await call('GET', '/probe/operator', { key: await token(claims(), { kid: `unknown-${n}` }) })).status, 401)
  t.ok(issuer.reads - before <= 1, `${issuer.reads - before} reads`)
})

t.test('without the issuer the answer is 503, never 401, and keys go on working', async t => {
  const key = await token()
  t.teardown(() => {
    issuer.answer = () => ({ status: 200, body: JSON.stringify(jwks) })
  })
  const away = client(await startInstance(t, { databaseUrl: hub.databaseUrl, jwt: { ...jwt, jwksUrl: 'http://127.0.0.1:9/jwks' } }))
  const other = client(await startInstance(t, { databaseUrl: hub.databaseUrl, jwt }))
  const refused = await away('GET', '/probe/operator', { key })
  t.same([refused.status, refused.code], [503, 'dependency_unavailable'])
  t.ok(refused.headers['retry-after'])
  t.equal((await away('GET', '/probe/operator')).status, 200, 'the bootstrap key')
  const own = await call('POST', '/v1/admin/operator-keys', { body: { name: 'k' } })
  t.equal((await away('GET', '/probe/operator', { key: own.body.key })).status, 200, 'an operator key')
  t.equal((await away('GET', '/probe/operator', { key: handMade({ alg: 'none' }, claims()) })).status, 401, 'what needs no key set is refused')
  for (const broken of [
    { status: 500, body: '{}' },
    { status: 302, body: '' },
    { status: 200, body: 'nonsense' },
    { status: 200, body: '{"keys":5}' }
  ]) {
    issuer.answer = () => broken
    t.equal((await other('GET', '/probe/operator', { key })).status, 503, JSON.stringify(broken))
  }
  issuer.answer = () => ({ status: 200, body: JSON.stringify(jwks) })
  t.equal((await other('GET', '/probe/operator', { key })).status, 200, 'and back')
})

t.test('without a configured issuer a token is no credential', async t => {
  const plain = client(await startInstance(t, { databaseUrl: hub.databaseUrl }))
  t.equal((await plain('GET', '/probe/operator', { key: await token() })).status, 401)
})
