/** A request to an operation of the document: a good one, or one that is bent in its body, its URL, its head, or its credential. */
import { randomBytes } from 'node:crypto'
import { goodBody, goodId } from '../acceptance/bad-requests.ts'
import { BAD_IDS, BAD_QUERY_VALUES } from '../acceptance/bad-values.ts'
import type { Operation } from '../acceptance/contract.ts'
import type { Json } from '../support/app.ts'
import { bend, bendJson } from './bend.ts'
import type { Draw } from './draw.ts'
import { drawValue, type Sources } from './draw-value.ts'
import type { Outgoing } from './wire.ts'
import type { Scene } from './world.ts'

export interface ApiRequest {
  readonly operation: Operation
  readonly outgoing: Outgoing
  /** The document itself does not let it through. */
  readonly refused: boolean
  /** Its head is such that it may be answered before any operation is chosen. */
  readonly isOdd: boolean
}

const METHODS_SAFE = ['GET', 'HEAD']
const CARD_LINES_MAX = 20

export function drawApiRequest(draw: Draw, scene: Scene, operation: Operation): ApiRequest {
  const sources: Sources = { draw, contract: scene.world.contract, pool: scene.pool, ids: scene.shop.ids }
  const { body, type, refused } = drawBody(sources, scene, operation)
  const odd = draw.often(0.08) ? drawOdd(draw, scene) : []
  const isHead = operation.method === 'GET' && draw.often(0.03)
  const headers: [string, string][] = [['host', 'hub.example.com'], ...drawCredential(draw, scene, operation)]
  if (type !== null) headers.push(['content-type', type])
  if (operation.method === 'POST' && draw.often(0.97)) headers.push(...drawKey(draw, scene))
  return {
    operation,
    outgoing: {
      method: isHead ? 'HEAD' : operation.method,
      path: drawPath(sources, scene, operation) + drawQuery(sources, operation),
      headers: [...headers, ...odd],
      body,
      framing: draw.often(0.1) ? 'chunked' : 'length'
    },
    refused,
    isOdd: odd.length > 0
  }
}

function drawCredential(draw: Draw, { shop, stranger, world }: Scene, { role }: Operation): [string, string][] {
  if (role === 'public') return []
  const own = role === 'reseller' ? shop.resellerKey : role === 'supplier' ? shop.supplierKey : world.operatorKey
  if (draw.often(0.9)) return [['authorization', `Bearer ${own}`]]
  const others = [shop.resellerKey, shop.supplierKey, world.operatorKey, stranger.resellerKey, stranger.supplierKey]
  const key = draw.pick(others)
  return draw.pick<() => [string, string][]>([
    () => [['authorization', `Bearer ${key}`]],
    () => [['authorization', `Bearer ${key.slice(0, -1)}`]],
    () => [['authorization', printable(draw.text())]],
    () => [['authorization', `Bearer ${printable(draw.text())}`]],
    () => [],
    () => [
      ['authorization', `Bearer ${own}`],
      ['authorization', `Bearer ${key}`]
    ]
  ])()
}

/** What may stand in a header; the other bytes are a matter of the raw wire. */
const printable = (text: string): string => text.replaceAll(/[^\x20-\x7e\x80-\xff]/g, '').slice(0, 4_000)

function drawKey(draw: Draw, { pool }: Scene): [string, string][] {
  const fresh = randomBytes(9).toString('hex')
  const known = pool.value(draw, 'idempotency-key')
  if (typeof known === 'string' && draw.often(0.15)) return [['idempotency-key', known]]
  if (draw.often(0.9)) {
    pool.note({ 'idempotency-key': fresh })
    return [['idempotency-key', fresh]]
  }
  const odd = draw.pick(['', '""', '"', 'a b', 'a,b', 'k'.repeat(256), `"${fresh}"`, 'k'.repeat(255), printable(draw.text())])
  return draw.often(0.8)
    ? [['idempotency-key', odd]]
    : [
        ['idempotency-key', fresh],
        ['idempotency-key', odd]
      ]
}

const ODD_HEADERS = [
  'accept',
  'accept-language',
  'accept-encoding',
  'prefer',
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
  'range',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'forwarded',
  'x-http-method-override',
  'x-request-id',
  'traceparent',
  'tracestate',
  'te',
  'cookie',
  'origin',
  'content-language',
  'content-encoding',
  'expect',
  'connection',
  'upgrade',
  'host',
  'cache-control',
  'webhook-id'
] as const

function drawOdd(draw: Draw, { pool }: Scene): [string, string][] {
  const one = (): [string, string] => {
    const name = draw.pick(ODD_HEADERS)
    const etag = String(pool.value(draw, 'etag') ?? '"x"')
    const values = ['', '*', '0', 'identity', 'gzip', 'bytes=0-1', 'return=minimal', 'respond-async', 'zh-CN,zh;q=0.9,en;q=1', 'q=', ';;q=9', 'h2c']
    return [
      name,
      draw.pick([
        ...values,
        etag,
        `W/${etag}`,
        '"a", "b"',
        '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
        'x'.repeat(3_000),
        printable(draw.text())
      ])
    ]
  }
  return Array.from({ length: draw.pick([1, 1, 1, 2, 5, 60]) }, one)
}

function drawPath({ draw, pool }: Sources, { shop, stranger }: Scene, operation: Operation): string {
  return operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const own = goodId(operation, name, shop)
    if (draw.often(0.7)) return own
    const known = pool.id(draw, own.slice(0, 3)) ?? own
    return draw.pick([
      known,
      known,
      goodId(operation, name, stranger),
      draw.pick(Object.values(shop.ids)),
      draw.pick(BAD_IDS),
      segment(draw.text()),
      `${own}%20`
    ])
  })
}

/** One segment of a path, or nearly so. */
const segment = (text: string): string =>
  encodeURIComponent(text.toWellFormed().slice(0, 500))
    .replaceAll(/%(?:2E|2F|5C)/gi, each => decodeURIComponent(each))
    .replaceAll(/[\\/?#]/g, '~') || '~'

function drawQuery(sources: Sources, { parameters }: Operation): string {
  const { draw, pool } = sources
  const known = parameters.filter(each => each.in === 'query')
  const parts = known
    .filter(({ required }) => required || draw.often(0.3))
    .map(({ name, schema }) => {
      if (draw.often(0.6))
        return `${name}=${encodeURIComponent(String((draw.often(0.5) ? pool.value(draw, name === 'cursor' ? 'nextCursor' : name) : undefined) ?? drawValue(sources, schema, name)).toWellFormed())}`
      return `${name}=${draw.pick(BAD_QUERY_VALUES)}`
    })
  if (draw.often(0.05))
    parts.push(
      draw.pick(['unknown=1', 'limit=1&limit=2', 'limit[]=1', '__proto__=1', '%', '&&', `x=${'y'.repeat(3_000)}`, 'cursor=', '%00=%00', '='])
    )
  return parts.length === 0 ? '' : `?${parts.join('&')}`
}

interface DrawnBody {
  readonly body: Buffer | null
  readonly type: string | null
  readonly refused: boolean
}

function drawBody(sources: Sources, scene: Scene, operation: Operation): DrawnBody {
  const { draw, contract } = sources
  const types = Object.keys(operation.bodies)
  const [type] = types
  if (type === undefined) return METHODS_SAFE.includes(operation.method) || draw.often(0.8) ? NO_BODY : oddBody(draw)
  if (draw.often(0.03)) return oddBody(draw)
  if (!type.endsWith('/json')) return { body: Buffer.from(drawCards(draw)), type: draw.pick(types), refused: false }
  const schema = operation.bodies[type]?.schema
  const good = draw.often(0.6) ? goodBody(contract, operation, scene.shop) : drawValue(sources, schema, '')
  if (draw.often(0.45)) return jsonBody(sources, schema, JSON.stringify(good))
  if (draw.often(0.7)) return jsonBody(sources, schema, JSON.stringify(bend(draw, good)) ?? '')
  return jsonBody(sources, schema, bendJson(draw, JSON.stringify(good)))
}

const NO_BODY: DrawnBody = { body: null, type: null, refused: false }
const BODY_MAX = 900_000

function jsonBody({ draw, contract }: Sources, schema: Json, text: string): DrawnBody {
  const body = Buffer.from(text.slice(0, BODY_MAX))
  const type = draw.often(0.9)
    ? 'application/json'
    : draw.pick(['application/json; charset=utf-8', 'application/json;charset="utf-8"', 'APPLICATION/JSON'])
  return { body, type, refused: body.length > 0 && !contract.accepts(schema, parsed(body.toString())) }
}

/** What a strict reader makes of it; `undefined`, which no schema accepts, if it is no JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const MEDIA_TYPES = [
  'text/plain',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'application/json; charset=utf-16',
  'text/csv',
  '',
  '*/*',
  'a'
]

const oddBody = (draw: Draw): DrawnBody => ({
  body: Buffer.from(
    draw.pick<() => string>([() => draw.text(), () => '{}', () => '', () => JSON.stringify(draw.json()) ?? '', () => '\u0000'.repeat(100)])()
  ),
  type: draw.often(0.3) ? null : draw.pick(MEDIA_TYPES),
  refused: false
})

function drawCards(draw: Draw): string {
  const line = (): string => {
    const key = `CANARY-${randomBytes(6).toString('hex')}`
    return draw.pick<() => string>([
      () => key,
      () => key,
      () => `${key}----PIN`,
      () => JSON.stringify({ secret: key, number: draw.text() }),
      () => `"${key}","${draw.text()}"`,
      () => draw.text(),
      () => '',
      () => '{"secret":1}',
      () => 'secret,number,expiresAt'
    ])()
  }
  return Array.from({ length: draw.below(CARD_LINES_MAX) }, line).join(draw.pick(['\n', '\r\n', '\r', '\n\n']))
}
