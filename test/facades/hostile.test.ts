/** Whatever reaches a facade, its answer is one of its protocol: JSON of its own envelope, none of our texts, no defect of ours. */
import { request } from 'node:http'
import t, { type Test } from 'tap'
import { startTestApp } from '../support/app.ts'
import { createReseller, createSku } from '../support/shop.ts'
import { type AcgCredential, issue } from './acg-shop.ts'
import { DIALECTS, type Dialect, JSON_TYPE, PARTNER, type Sent, toJson } from './dialects.ts'

const logLines: string[] = []
const hub = await startTestApp(t, { logLines })
await createSku(hub, { stock: 100 })
const base = await hub.app.listen({ port: 0, host: '127.0.0.1' })

interface Answer {
  readonly status: number
  readonly type: string
  readonly text: string
}

/** As it is: paths that no URL parser would let through. */
const send = ({ method = 'POST', path, headers = {}, body }: Sent): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(base)
    const outgoing = request({ hostname, port, method, path, headers, agent: false }, incoming => {
      const chunks: Buffer[] = []
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
      incoming.on('end', () =>
        resolve({ status: incoming.statusCode ?? 0, type: incoming.headers['content-type'] ?? '', text: Buffer.concat(chunks).toString() })
      )
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })

const OURS = /node_modules|\.ts\b|SELECT|undefined|\[object|problem|requestId|stack|rsl_|key_/

function judge(dialect: Dialect, { status, type, text }: Answer): string | null {
  if (status >= 500) return `HTTP ${status}`
  if (!type.startsWith('application/json')) return `HTTP ${status} ${type}: ${text.slice(0, 100)}`
  const body = JSON.parse(text)
  if (!dialect.isEnvelope(body)) return `no envelope: ${text.slice(0, 100)}`
  return OURS.test(text) ? `our words: ${text.slice(0, 200)}` : null
}

/** `["[[…]]"]`, and a number that no double can hold. */
const DEEP = `${'['.repeat(50_000)}${']'.repeat(50_000)}`
const ODD_VALUES = [
  'null',
  'true',
  '0',
  '-1',
  '1.5',
  '1e400',
  '99999999999999999999',
  '""',
  '"\\u0000"',
  '"\\ud800"',
  '"x y"',
  `"${'9'.repeat(5_000)}"`,
  '[]',
  '[1,"2",[3]]',
  '{}',
  '{"toString":1,"valueOf":2}',
  '{"__proto__":{"x":1},"constructor":"y"}',
  DEEP
]
const FIELDS: Readonly<Record<string, string>> = {
  sku_id: '1',
  id: '1',
  goods_no: '"1"',
  goods_type: '2',
  shared_code: '"1"',
  quantity: '1',
  buy_quantity: '1',
  num: '1',
  order_no: '"n1"',
  out_order_no: '"KH1"',
  external_orderno: '"n1"',
  ordersn: '"1"',
  downstream_order_no: '"n1"',
  request_no: '"n1"',
  tradeNo: '"1"',
  callback_url: '""',
  notify_url: '""',
  url: '""',
  token: '"t"',
  manual_form_data: '{}',
  biz_content: '{}',
  attach: '{}',
  max_amount: '0',
  safe_price: '"1"',
  keyword: '""',
  page: '1',
  page_no: '1',
  page_size: '10',
  limit: '10',
  cate_id: '1',
  race: '""'
}

for (const [protocol, dialect] of Object.entries(DIALECTS)) {
  t.test(`${protocol}: what is no request of it is refused in its own words`, async t => {
    const credential = await newCredential(protocol)
    const { root } = dialect
    const path = `${root}${dialect.paths[0]}`
    const good = dialect.sign(credential, path, {})
    const strange: Sent[] = [
      ...[
        '',
        '/',
        '/nothing',
        '/%',
        '/%zz',
        '/a%00b',
        `/${'x'.repeat(3_000)}`,
        '//',
        '/..%2f',
        '/api/v1/upstream/products/%',
        '/中'.replace('中', '%E4%B8')
      ].map(rest => ({ path: `${root}${rest}`, headers: JSON_TYPE, body: '{}' })),
      { path: `${root}/api/v1/upstream/products/${'9'.repeat(400)}`, method: 'GET' },
      ...['GET', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'].map(method => ({ ...good, method })),
      { path },
      { path, body: '' },
      { path, headers: JSON_TYPE },
      { ...good, body: '' },
      { ...good, body: '{' },
      { ...good, body: '\u0000' },
      { ...good, body: `${good.body} ` },
      { ...good, headers: { ...good.headers, 'content-type': 'text/xml' } },
      { ...good, headers: { ...good.headers, 'content-type': 'application/json; charset=gbk' } },
      { ...good, headers: { ...good.headers, 'content-type': 'nonsense' } },
      { ...good, headers: { ...good.headers, 'content-encoding': 'gzip' } },
      { ...good, headers: { ...good.headers, accept: 'text/html', 'accept-language': 'fr' } },
      { ...good, body: 'a='.padEnd(1_200_000, 'x') },
      { ...good, path: `${good.path}${good.path.includes('?') ? '&' : '?'}mch_id=1&mch_id=2&sign[]=1&timestamp=x` }
    ]
    for (const sent of strange) {
      const answer = await send(sent).catch((error: Error) => error)
      const fault = answer instanceof Error ? null : judge(dialect, answer)
      t.equal(
        fault,
        null,
        `${sent.method ?? 'POST'} ${sent.path.slice(0, 80)} ${JSON.stringify(sent.headers ?? {}).slice(0, 80)} ${sent.body?.slice(0, 40)}`
      )
    }
  })

  t.test(`${protocol}: signed nonsense is refused in its own words`, async t => {
    const credential = await newCredential(protocol)
    for (const path of dialect.paths) await nonsense(t, dialect, credential, path)
  })
}

async function newCredential(protocol: string): Promise<AcgCredential> {
  const reseller = await createReseller(hub, { credit: '100.00' })
  return await issue(hub.admin, reseller.id, { protocol, ...(protocol === 'goofish' ? { partner: PARTNER } : {}) })
}

/** Of goods that are there, so that what is asked is looked at closely. */
async function goodsNumber(): Promise<string> {
  const { root, sign } = DIALECTS.kasushou
  const { text } = await send(sign(await newCredential('kasushou'), `${root}/api/v1/goods/list`, {}))
  return String(JSON.parse(text).data.list[0].id)
}

async function nonsense(t: Test, dialect: Dialect, credential: AcgCredential, path: string): Promise<void> {
  const faults: string[] = []
  const goods = await goodsNumber()
  const named = { ...FIELDS, sku_id: goods, id: goods, goods_no: `"${goods}"`, shared_code: goods }
  // An eighth of all, another one for each path.
  const bodies = Object.keys(FIELDS).flatMap((name, row) =>
    ODD_VALUES.filter((_, column) => (row + column + path.length) % 8 === 0).map(value => ({ ...named, [name]: value }))
  )
  for (const fields of [...bodies, {}]) {
    const fault = judge(dialect, await send(dialect.sign(credential, `${dialect.root}${path}`, fields)))
    if (fault !== null) faults.push(`${toJson(fields).slice(0, 300)}: ${fault}`)
  }
  t.same(faults.slice(0, 3), [], path)
}

t.test('none of it was a defect', async t => {
  const defects = logLines.filter(line => JSON.parse(line).level >= 50)
  t.same(defects.slice(0, 3), [])
})
