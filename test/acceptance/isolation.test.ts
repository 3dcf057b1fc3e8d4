/**
 * What belongs to someone else is answered like what does not exist: on every route with an id, whichever place the id has.
 * The routes come from the OpenAPI document. An id of a kind that the furnished shop lacks makes this file fail.
 */
import { randomUUID } from 'node:crypto'
import t from 'tap'
import { ADMIN_KEY, freshKey, type Json, startTestApp } from '../support/app.ts'
import { goodBody, goodId } from './bad-requests.ts'
import { type Answer, type Operation, readContract } from './contract.ts'
import { type Furnished, furnish } from './furnished-shop.ts'

/** The operator's catalog, which all resellers share. */
const SHARED = new Set(['prd', 'sku'])
const ID_PATTERN = /^\^([a-z]{3})_\[0-9a-f\]/

const hub = await startTestApp(t)
const contract = readContract((await hub.anonymous('GET', '/openapi.json')).body)
const mine = await furnish(hub.admin, hub.as)
const theirs = await furnish(hub.admin, hub.as)
const ofRole = (...roles: readonly Operation['role'][]): Operation[] => contract.operations.filter(({ role }) => roles.includes(role))

/** Like an id that was given out, and given to nobody. */
const nobodys = (id: string): string => `${id.slice(0, 4)}${randomUUID()}`

interface Ids {
  readonly [name: string]: string
}

interface Sent {
  readonly ids?: Ids
  readonly query?: string
  readonly body?: Json
  readonly credential?: string
}

async function send(operation: Operation, { ids = {}, query = '', body, credential = mine.resellerKey }: Sent): Promise<Answer> {
  const path = operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => ids[name] ?? goodId(operation, name, mine))
  const [type] = Object.keys(operation.bodies)
  const payload = type === undefined ? undefined : type === 'application/json' ? JSON.stringify(body ?? goodBody(contract, operation, mine)) : 'KEY-1'
  const response = await hub.app.inject({
    method: operation.method as 'GET',
    url: `${path}${query}`,
    headers: {
      authorization: `Bearer ${credential}`,
      'idempotency-key': freshKey(),
      ...(type === undefined ? {} : { 'content-type': type })
    },
    ...(payload === undefined ? {} : { payload })
  })
  return { status: response.statusCode, headers: response.headers, text: response.body }
}

/** All that a caller sees, but for what is new with each request, and for the id that was asked for. */
function visible({ status, headers, text }: Answer, ids: Iterable<string>): unknown {
  let body = text.replaceAll(/"requestId":"[^"]*"|"id":"obt_[^"]*"/g, '')
  for (const id of ids) body = body.replaceAll(id, '…')
  const { 'x-request-id': _id, ratelimit: _left, date: _date, ...same } = headers
  return { status, headers: same, body }
}

/** Names of the path parameters, and each way in which some of them are someone else's. */
function* foreignPaths(operation: Operation): Generator<readonly string[]> {
  const names = operation.parameters.filter(each => each.in === 'path').map(({ name }) => name)
  if (names.length > 0) yield names
  if (names.length > 1) for (const name of names) yield [name]
}

const kindOf = (id: string): string => id.slice(0, 3)

for (const operation of ofRole('reseller')) {
  for (const names of foreignPaths(operation)) {
    const foreign = Object.fromEntries(names.map(name => [name, goodId(operation, name, theirs)]))
    if (Object.values(foreign).every(id => SHARED.has(kindOf(id)))) continue
    t.test(`${operation.id}: another reseller's ${names.join(' and ')} is like nobody's`, async t => {
      const unknown = Object.fromEntries(Object.entries(foreign).map(([name, id]) => [name, nobodys(id)]))
      const [answer, expected] = [await send(operation, { ids: foreign }), await send(operation, { ids: unknown })]
      t.equal(answer.status, 404)
      t.same(visible(answer, Object.values(foreign)), visible(expected, Object.values(unknown)))
    })
  }
}

/** Each place of a body where an id stands: the body with an id put there, and its kind. */
function* idPlaces(schema: Json, body: Json, rebuild: (part: Json) => Json): Generator<{ kind: string; place: string; put: (id: string) => Json }> {
  const known = contract.resolve(schema)
  if (known?.type === 'array') yield* idPlaces(known.items, body?.[0] ?? {}, part => rebuild([part]))
  for (const [name, part] of Object.entries<Json>(known?.properties ?? {})) {
    const { pattern, type } = contract.resolve(part)
    const [, kind] = ID_PATTERN.exec(pattern ?? '') ?? []
    if (kind !== undefined) yield { kind, place: name, put: id => rebuild({ ...body, [name]: id }) }
    if (type === 'object' || type === 'array') yield* idPlaces(part, body?.[name] ?? {}, changed => rebuild({ ...body, [name]: changed }))
  }
}

for (const operation of ofRole('reseller', 'supplier')) {
  const schema = operation.bodies['application/json']?.schema
  for (const { kind, place, put } of schema === undefined ? [] : idPlaces(schema, goodBody(contract, operation, mine), body => body)) {
    if (SHARED.has(kind)) continue
    t.test(`${operation.id}: another reseller's ${place} in the body is like nobody's`, async t => {
      const foreign = idOf(theirs, kind)
      const unknown = nobodys(foreign)
      const [answer, expected] = [await send(operation, { body: put(foreign) }), await send(operation, { body: put(unknown) })]
      t.same(visible(answer, [foreign]), visible(expected, [unknown]))
      t.notMatch(answer.text, /"cards":\[\{/)
    })
  }
}

function idOf({ ids }: Furnished, kind: string): string {
  const id = ids[kind]
  if (id === undefined) throw new Error(`nothing in the furnished shop has an id ${kind}_…`)
  return id
}

/** The same cursor for everyone: what it leads through is everyone's. */
const SHARED_LISTS = /^\/v1\/(products|skus|catalog)\b/

for (const operation of ofRole('reseller')) {
  if (operation.method !== 'GET' || !operation.parameters.some(({ name }) => name === 'cursor')) continue
  t.test(`${operation.id}: shows nothing of another reseller, whatever is asked for`, async t => {
    const page = await send(operation, { query: '?limit=100' })
    t.equal(page.status, 200)
    for (const [kind, id] of Object.entries(theirs.ids)) if (!SHARED.has(kind)) t.notOk(page.text.includes(id), `no ${kind}_ of theirs`)
    for (const { name, schema } of operation.parameters.filter(each => each.in === 'query')) {
      const [, kind = 'sku'] = ID_PATTERN.exec(schema.pattern ?? '') ?? []
      if (!SHARED.has(kind)) t.match(JSON.parse((await send(operation, { query: `?${name}=${idOf(theirs, kind)}` })).text), { data: [] })
    }
  })
  if (SHARED_LISTS.test(operation.path)) continue
  t.test(`${operation.id}: another reseller's cursor is like a forged one`, async t => {
    const ids = Object.fromEntries(operation.parameters.filter(each => each.in === 'path').map(({ name }) => [name, goodId(operation, name, theirs)]))
    const { nextCursor } = JSON.parse((await send(operation, { query: '?limit=1', credential: theirs.resellerKey, ids })).text)
    t.ok(nextCursor, 'the furnished shop has more than one page')
    const [answer, forged] = [await send(operation, { query: `?cursor=${nextCursor}` }), await send(operation, { query: '?cursor=W10.AAAAAAAAAAAA' })]
    t.equal(answer.status, 400)
    t.same(visible(answer, []), visible(forged, []))
  })
}

t.test("a key says what it belongs to: under another account it is like nobody's", async t => {
  for (const operation of ofRole('operator').filter(({ path }) => path.includes('/api-keys/{keyId}'))) {
    const foreign = goodId(operation, 'keyId', theirs)
    const unknown = nobodys(foreign)
    const as = (keyId: string): Promise<Answer> => send(operation, { ids: { keyId }, credential: ADMIN_KEY })
    const [answer, expected] = [await as(foreign), await as(unknown)]
    t.equal(answer.status, 404)
    t.same(visible(answer, [foreign]), visible(expected, [unknown]))
  }
})

t.test("who is no operator learns nothing from an operator's route", async t => {
  for (const operation of ofRole('operator')) {
    const names = operation.parameters.filter(each => each.in === 'path').map(({ name }) => name)
    const real = Object.fromEntries(names.map(name => [name, goodId(operation, name, mine)]))
    const unknown = Object.fromEntries(Object.entries(real).map(([name, id]) => [name, nobodys(id)]))
    for (const credential of [mine.resellerKey, mine.supplierKey]) {
      const [answer, expected] = [await send(operation, { ids: real, credential }), await send(operation, { ids: unknown, credential })]
      t.equal(answer.status, 403, operation.id)
      t.same(visible(answer, Object.values(real)), visible(expected, Object.values(unknown)))
    }
  }
})

t.test("an Idempotency-Key is one's own: another reseller's is not replayed", async t => {
  const key = freshKey()
  const body = { skuId: mine.ids['sku'], quantity: 1 }
  const first = await hub.as(theirs.resellerKey)('POST', '/v1/orders', { key, body })
  const second = await hub.as(mine.resellerKey)('POST', '/v1/orders', { key, body })
  t.same([first.status, second.status], [201, 201])
  t.notOk(second.headers['idempotent-replayed'])
  t.not(second.body.cards[0].secret, first.body.cards[0].secret)
})

t.test('after all of this, what is theirs is as it was', async t => {
  for (const path of ['/v1/orders/ord', '/v1/webhook-endpoints/whe']) {
    const [place = '', kind = ''] = [path.slice(0, -3), path.slice(-3)]
    t.equal((await hub.as(theirs.resellerKey)('GET', `${place}${idOf(theirs, kind)}`)).status, 200)
  }
})
