/**
 * Who may call what, what a body may name, and what an answer may show: for each operation of the OpenAPI document, so that a new one is
 * covered as soon as it is there (OWASP API 1, 2, 3, 5, 8, 9).
 */
import { randomUUID } from 'node:crypto'
import t from 'tap'
import { freshKey, type Json, type Reply, startTestApp } from '../support/app.ts'
import { expectStatus } from '../support/shop.ts'
import { goodBody, goodId } from './bad-requests.ts'
import { type Operation, readContract } from './contract.ts'
import { furnish } from './furnished-shop.ts'

const hub = await startTestApp(t)
const document: Json = (await hub.anonymous('GET', '/openapi.json')).body
const contract = readContract(document)
const shop = await furnish(hub.admin, hub.as)

const itemOf = ({ path, method }: Operation): Json => document.paths[path][method.toLowerCase()]
const scopeOf = (operation: Operation): string => /scope `([a-z:]+)`/.exec(itemOf(operation).description)?.[1] ?? ''
const withSchema = (operation: Operation): Json => operation.bodies['application/json']?.schema
/** Nothing has these ids, so whoever gets in changes nothing. */
const nowhere = ({ path }: Operation): string => path.replaceAll(/\{(\w+)\}/g, () => `${randomUUID()}`)
const somewhere = (operation: Operation): string => operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => goodId(operation, name, shop))

const ROLES = ['operator', 'reseller', 'supplier'] as const
const scopes = Object.fromEntries(
  ROLES.map(role => [role, [...new Set(contract.operations.filter(each => each.role === role).map(scopeOf))]])
) as Record<(typeof ROLES)[number], string[]>

const KEYS_OF = {
  operator: '/v1/admin/operator-keys',
  reseller: `/v1/admin/resellers/${shop.ids['rsl']}/api-keys`,
  supplier: `/v1/admin/suppliers/${shop.ids['sup']}/api-keys`
}

const newKey = async (role: (typeof ROLES)[number], body: object): Promise<Json> =>
  await expectStatus(201, hub.admin('POST', KEYS_OF[role], { body: { name: 'matrix', ...body } }))

/** For each role and scope: a key with this scope alone, and one with all the others. */
const only = new Map<string, string>()
const allBut = new Map<string, string>()
const everyScope: Record<string, string[]> = {}
for (const role of ROLES) {
  everyScope[role] = (await newKey(role, {})).scopes
  for (const scope of scopes[role]) {
    only.set(`${role} ${scope}`, (await newKey(role, { scopes: [scope] })).key)
    const rest = everyScope[role]?.filter(each => each !== scope) ?? []
    allBut.set(`${role} ${scope}`, (await newKey(role, { scopes: rest })).key)
  }
}
const full = Object.fromEntries(await Promise.all(ROLES.map(async role => [role, (await newKey(role, {})).key as string])))

async function ended(): Promise<[what: string, status: number, key: string][]> {
  const revoked = await newKey('operator', {})
  await expectStatus(204, hub.admin('DELETE', `${KEYS_OF.operator}/${revoked.id}`))
  const rotated = await newKey('reseller', {})
  await expectStatus(201, hub.admin('POST', `${KEYS_OF.reseller}/${rotated.id}/rotate`, { body: { overlapSeconds: 0 } }))
  const { key: whole } = await newKey('operator', {})
  const elsewhere = await newKey('operator', { ipAllow: ['203.0.113.7'] })
  return [
    ['a revoked key', 401, revoked.key],
    ['a key that was replaced', 401, rotated.key],
    ['a key with a wrong end', 401, `${whole.slice(0, -1)}${whole.endsWith('0') ? '1' : '0'}`],
    ['a key for another address', 403, elsewhere.key],
    ['nonsense', 401, 'nonsense']
  ]
}
const ENDED = await ended()

/** As somebody, without a body that means anything. */
const knock = (operation: Operation, key: string | null, headers: Record<string, string> = {}): Promise<Reply> =>
  (key === null ? hub.anonymous : hub.as(key))(operation.method, nowhere(operation), { headers })

t.test('each operation lets in its role with its scope, and nobody else', async t => {
  for (const operation of contract.operations) {
    const { role, id } = operation
    if (role === 'public') {
      t.not((await knock(operation, null)).status, 403, id)
      continue
    }
    const scope = scopeOf(operation)
    t.ok(everyScope[role]?.includes(scope), `${id} needs a scope that a key can have: ${scope}`)
    const tries: (readonly [string, number, string | null])[] = [
      ['nobody', 401, null],
      ...ENDED,
      ...ROLES.filter(each => each !== role).map(each => [`a ${each}`, 403, full[each] ?? ''] as const),
      [`a ${role} without ${scope}`, 403, allBut.get(`${role} ${scope}`) ?? '']
    ]
    const replies = await Promise.all(tries.map(([, , key]) => knock(operation, key)))
    for (const [index, [who, status]] of tries.entries()) t.equal(replies[index]?.status, status, `${id}: ${who}`)
    const admitted = await knock(operation, only.get(`${role} ${scope}`) ?? '')
    t.notOk([401, 403].includes(admitted.status), `${id}: a ${role} with ${scope} alone gets in (${admitted.status})`)
  }
})

t.test('an address that the caller claims to have is not believed', async t => {
  const { key } = await newKey('operator', { ipAllow: ['203.0.113.7'] })
  for (const name of ['x-forwarded-for', 'x-real-ip', 'forwarded', 'x-client-ip', 'true-client-ip', 'cf-connecting-ip', 'x-forwarded-host']) {
    const headers = { [name]: name === 'forwarded' ? 'for=203.0.113.7' : '203.0.113.7' }
    t.equal((await hub.as(key)('GET', '/v1/admin/skus', { headers })).status, 403, name)
  }
})

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const

t.test('a method that a path does not have is answered 405 with those that it has, whoever asks', async t => {
  for (const [path, item] of Object.entries<Json>(document.paths)) {
    const declared = METHODS.filter(method => item[method.toLowerCase()] !== undefined)
    const url = path.replaceAll(/\{\w+\}/g, () => randomUUID())
    for (const method of METHODS.filter(each => !declared.includes(each))) {
      const { status, headers } = await hub.admin(method, url)
      t.equal(status, 405, `${method} ${path}`)
      const allowed = String(headers['allow']).split(', ')
      t.same(
        declared.filter(each => !allowed.includes(each)),
        [],
        `${method} ${path}: Allow names ${declared.join(', ')}`
      )
    }
  }
})

t.test('headers do not turn one method into another', async t => {
  const path = `/v1/admin/skus/${shop.ids['sku']}`
  for (const name of ['x-http-method-override', 'x-http-method', 'x-method-override']) {
    const { status, body } = await hub.admin('GET', path, { headers: { [name]: 'DELETE' } })
    t.same([status, body.id], [200, shop.ids['sku']], name)
  }
})

t.test('HEAD is what GET is, without a body and without getting around the login', async t => {
  const operator = contract.operations.find(({ id }) => id === 'listAuditEntries')
  t.equal((await hub.anonymous('HEAD', operator?.path ?? '')).status, 401)
  const { status, body } = await hub.admin('HEAD', operator?.path ?? '')
  t.same([status, body], [200, ''])
})

/** Names that a careless handler would take for its own. */
const GUESSED = [
  ...['id', 'resellerId', 'ownerId', 'state', 'status', 'isAdmin', 'admin', 'role', 'scopes', 'price', 'unitPrice', 'total', 'cost', 'unitCost'],
  ...['balance', 'balanceAfter', 'available', 'creditLimit', 'createdAt', 'revision', 'fence', 'keyHash', 'hash', 'actor', 'apiKeyId', 'dataKeyId']
]

/** Names in the answers of an operation, at the top and one level down. */
function namesOf(schema: Json, depth = 0): string[] {
  const known = contract.resolve(schema) ?? {}
  const variants: Json[] = known.anyOf ?? [known]
  return variants.flatMap(each => {
    const { properties = {}, items } = contract.resolve(each) ?? {}
    const below = depth < 1 ? Object.values<Json>(properties).flatMap(part => namesOf(part, depth + 1)) : []
    return [...Object.keys(properties), ...below, ...(items === undefined ? [] : namesOf(items, depth))]
  })
}

t.test('a body cannot set what only the hub sets: each name of the answer, and those that one would guess', async t => {
  for (const operation of contract.operations.filter(each => withSchema(each) !== undefined)) {
    const schema = contract.resolve(withSchema(operation))
    if (schema.type !== 'object') continue
    const responses = Object.entries<Json>(itemOf(operation).responses).filter(([status]) => status.startsWith('2'))
    const answered = responses.flatMap(([, { content = {} }]) => Object.values<Json>(content).flatMap(media => namesOf(media.schema)))
    const names = [...new Set([...answered, ...GUESSED])].filter(name => schema.properties?.[name] === undefined)
    if (schema.patternProperties !== undefined || operation.path.startsWith('/v1/webhooks/')) continue
    t.equal(schema.additionalProperties, false, `${operation.id}: its body is closed`)
    const body = goodBody(contract, operation, shop)
    const caller = operation.role === 'reseller' ? shop.resellerKey : operation.role === 'supplier' ? shop.supplierKey : null
    const call = caller === null ? hub.admin : hub.as(caller)
    const replies = await Promise.all(
      names.map(name => call(operation.method, somewhere(operation), { key: freshKey(), body: { ...body, [name]: 'x' } }))
    )
    for (const [index, name] of names.entries()) t.equal(replies[index]?.status, 400, `${operation.id}: ${name}`)
  }
})

/** What an answer holds and its schema does not name. */
function* undeclared(schema: Json, value: Json, at = ''): Generator<string> {
  const known = contract.resolve(schema) ?? {}
  const variants: Json[] = (known.anyOf ?? [known]).map((each: Json) => contract.resolve(each))
  const type = Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value
  const fitting = variants.find(each => each.type === type || (type === 'object' && each.properties !== undefined)) ?? {}
  if (type === 'array') for (const part of value) yield* undeclared(fitting.items ?? {}, part, `${at}/*`)
  if (type !== 'object' || fitting.additionalProperties === true || fitting.patternProperties !== undefined) return
  for (const [name, part] of Object.entries(value)) {
    if (fitting.properties?.[name] === undefined && typeof fitting.additionalProperties !== 'object') yield `${at}/${name}`
    else yield* undeclared(fitting.properties?.[name] ?? fitting.additionalProperties, part, `${at}/${name}`)
  }
}

const SECRET = /^(secret|key|webhookSecret|cards)$/

/** Checked on each answer that a good request gets. */
function checkAnswer(t: Tap, operation: Operation, { status, headers, body }: Reply): void {
  for (const name of ['server', 'x-powered-by', 'access-control-allow-origin', 'set-cookie']) t.notOk(headers[name], `${operation.id}: no ${name}`)
  t.equal(headers['x-content-type-options'], 'nosniff', operation.id)
  const media = itemOf(operation).responses[status]?.content?.['application/json']
  if (media === undefined) return
  t.same([...undeclared(media.schema, body)], [], `${operation.id}: shows what is declared`)
  if (status < 300 && namesOf(media.schema).some(name => SECRET.test(name)) && operation.method !== 'GET') {
    t.equal(headers['cache-control'], 'no-store', `${operation.id}: no cache keeps a secret`)
  }
}

type Tap = Pick<typeof t, 'equal' | 'same' | 'notOk'>

t.test('an answer shows what its schema names, says nothing of the server, and no cache keeps a secret', async t => {
  const mine = await furnish(hub.admin, hub.as)
  for (const operation of contract.operations.filter(({ method }) => method !== 'DELETE')) {
    if (/^\/v1\/webhooks\/|pause/.test(operation.path)) continue
    const path = operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => goodId(operation, name, mine))
    const key = operation.role === 'reseller' ? mine.resellerKey : operation.role === 'supplier' ? mine.supplierKey : null
    const [type] = Object.keys(operation.bodies)
    const body = type === undefined ? undefined : type === 'application/json' ? goodBody(contract, operation, mine) : `KEY-${randomUUID()}\n`
    const call = key === null ? hub.admin : hub.as(key)
    checkAnswer(t, operation, await call(operation.method, path, body === undefined ? {} : { body, headers: { 'content-type': type ?? '' } }))
  }
  const cards = await mine.reseller('GET', `/v1/orders/${mine.ids['ord']}/cards`)
  t.equal((cards as Reply).headers['cache-control'], 'no-store')
})
