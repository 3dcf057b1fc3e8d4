/** What keeps and what breaks the rules about what a file holds. */
import { type Cases, linesOf } from './made-up-tree.ts'

const EMPTY = ''
const README = '# x\n\n## It owns\n\n## It does not own\n'

const operation = (more: object): string =>
  JSON.stringify({
    components: { schemas: { Order: { type: 'object', examples: [{ skuId: 'sku_1' }] }, Bare: { type: 'object' } } },
    paths: {
      '/v1/orders': {
        post: {
          operationId: 'placeOrder',
          summary: 'Place an order',
          tags: ['Orders'],
          security: [{ key: [] }],
          requestBody: { content: { 'application/json': { schema: { $ref: '#/components/schemas/Order' } } } },
          responses: { 201: {}, 400: {} },
          ...more
        }
      }
    }
  })

const bareBody = { requestBody: { content: { 'application/json': { schema: { $ref: '#/components/schemas/Bare' } } } } }

const lock = (entries: Readonly<Record<string, object>>): string =>
  JSON.stringify({
    packages: Object.fromEntries([
      ['', { name: 'kahub' }],
      ...Object.entries(entries).map(([name, entry]) => [`node_modules/${name}`, { integrity: 'sha512-x', ...entry }])
    ])
  })

export const contentCases: Cases = {
  sizes: {
    keeps: {
      'src/orders/order.ts': linesOf(300),
      'src/orders/states.ts': `function move() {\n${linesOf(68)}}\n`,
      'test/orders/orders.test.ts': linesOf(301),
      'README.md': linesOf(150),
      'src/orders/README.md': linesOf(60),
      'src/README.md': linesOf(400)
    },
    breaks: [
      [{ 'src/orders/order.ts': linesOf(301) }, /order\.ts: has 301 lines/],
      [{ 'src/orders/states.ts': `\nfunction move() {\n${linesOf(69)}}\n` }, /states\.ts:2: function move has 71 lines/],
      [{ 'src/orders/states.ts': `const move = async () => {\n${linesOf(69)}}\n` }, /function move has 71 lines/],
      [{ 'src/orders/states.ts': `class Machine {\n  move() {\n${linesOf(69)}}\n}` }, /function move has 71 lines/],
      [{ 'README.md': linesOf(151) }, /^README\.md: has 151 lines/],
      [{ 'src/orders/README.md': linesOf(61) }, /^src\/orders\/README\.md: has 61 lines/]
    ]
  },

  names: {
    keeps: { 'src/kit/money.ts': 'export const zero = 0n', 'src/kit/commons.ts': EMPTY, 'test/run.ts': 'export default 1' },
    breaks: [
      [{ 'src/kit/utils.ts': EMPTY }, /"utils" says nothing/],
      [{ 'src/orders/order-helpers.ts': EMPTY }, /"helpers" says nothing/],
      [{ 'src/kit/common/ids.ts': EMPTY }, /"common" says nothing/],
      [{ 'test/helpers/app.ts': EMPTY }, /"helpers" says nothing/],
      [{ 'src/orders/order.manager.ts': EMPTY }, /"manager" says nothing/],
      [{ 'src/kit/money.ts': '\nexport default 1' }, /money\.ts:2: default exports/],
      [{ 'src/kit/money.ts': 'const zero = 0n\nexport { zero as default }' }, /default exports/]
    ]
  },

  'module folders': {
    keeps: { 'src/orders/index.ts': EMPTY, 'src/orders/README.md': README, 'src/kit/ids.ts': EMPTY },
    breaks: [
      [{ 'src/orders/order.ts': EMPTY, 'src/orders/README.md': README }, /src\/orders: has no index\.ts/],
      [{ 'src/orders/index.ts': EMPTY }, /src\/orders: has no README\.md/],
      [{ 'src/orders/index.ts': EMPTY, 'src/orders/README.md': '## It owns' }, /does not say "It does not own"/]
    ]
  },

  'links of documents': {
    keeps: {
      'README.md': '[map](src/README.md) [test](test/a.test.ts#L3 "proof") [web](https://example.com) [here](#top) [folder](src/)',
      'src/README.md': '[up](../README.md)',
      'test/a.test.ts': EMPTY
    },
    breaks: [
      [{ 'README.md': '\n[map](src/map.md)' }, /^README\.md:2: links to src\/map\.md/],
      [{ 'src/orders/README.md': '[up](../README.md)' }, /links to \.\.\/README\.md/]
    ]
  },

  'types are kept': {
    keeps: { 'src/kit/ids.ts': '// any text, as any reader sees\nexport const any = (x: unknown) => x', 'test/a.test.ts': 'type Json = any' },
    breaks: [
      [{ 'src/kit/ids.ts': 'const f = (x: any) => x' }, /ids\.ts:1: `any` ends the checking/],
      [{ 'src/kit/ids.ts': 'const y = x as any' }, /`any` ends the checking/],
      [{ 'src/kit/ids.ts': 'const y: Record<string, any[]> = {}' }, /`any` ends the checking/],
      [{ 'test/a.test.ts': '\n// @ts-ignore\nconst y = 1' }, /a\.test\.ts:2: silences the compiler/],
      [{ 'src/kit/ids.ts': '/* @ts-nocheck */' }, /silences the compiler/]
    ]
  },

  'nothing unfinished': {
    keeps: { 'src/kit/ids.ts': "const text = 'TODO'" },
    breaks: [
      [{ 'src/kit/ids.ts': '// TODO: later' }, /ids\.ts:1: is unfinished/],
      [{ 'test/a.test.ts': '/* FIXME */' }, /is unfinished/]
    ]
  },

  'tests neither sleep nor skip': {
    keeps: {
      'test/a.test.ts': [
        "import { setTimeout as tick } from 'node:timers/promises'",
        "t.test('waits', async t => { await tick(20) })",
        "const late = new Promise((resolve, reject) => setTimeout(() => reject(new Error('late')), 5000))",
        "t.match(options, { skip: 1 })\nlist.only('x')"
      ].join('\n'),
      'test/bench/main.ts': 'const sleep = (ms) => ms\nawait sleep(5000)'
    },
    breaks: [
      [{ 'test/a.test.ts': "import { setTimeout as tick } from 'node:timers/promises'\nawait tick(500)" }, /a\.test\.ts:2: sleeps 500 ms/],
      [{ 'test/a.test.ts': 'await new Promise(resolve => setTimeout(resolve, 500))' }, /sleeps 500 ms/],
      [{ 'test/a.test.ts': 'await new Promise(done => setTimeout(() => done(), 1_000))' }, /sleeps 1000 ms/],
      [{ 'test/support/app.ts': 'const PAUSE_MS = 200\nawait sleep(PAUSE_MS)' }, /sleeps 200 ms/],
      [{ 'test/a.test.ts': "t.skip('later')" }, /\.skip leaves/],
      [{ 'test/a.test.ts': "t.test('later', { skip: true }, async t => {})" }, /\{ skip \} leaves/],
      [{ 'test/a.test.ts': "t.only('this', async t => {})" }, /\.only leaves/],
      [{ 'test/a.test.ts': "test('later', { todo: true })" }, /\{ todo \} leaves/]
    ]
  },

  'SQL for many rows is one statement': {
    keeps: {
      'src/orders/repository.ts': [
        'for (const row of await tx.query(ALL)) collect(row)',
        'for await (const row of stream) await tx.execute(ONE, [row])',
        'for (const row of rows) later(async () => { await tx.execute(ONE, [row]) })'
      ].join('\n'),
      'src/orders/jobs.ts': 'for (const row of rows) await run(row)'
    },
    breaks: [
      [
        { 'src/orders/repository.ts': 'for (const row of rows) {\n  await tx.execute(ONE, [row])\n}' },
        /repository\.ts:2: awaits in a loop over rows/
      ],
      [{ 'src/orders/order-batch-repository.ts': 'for (const row of rows) if (row) await tx.execute(ONE, [row])' }, /awaits in a loop over rows/],
      [{ 'src/orders/repository.ts': 'const save = async () => {\n  for (const i in rows) await one(rows[i])\n}' }, /awaits in a loop over rows/]
    ]
  },

  'operations of the API': {
    keeps: { 'openapi/openapi.json': operation({ parameters: [] }), 'src/kit/ids.ts': EMPTY },
    breaks: [
      [{ 'openapi/openapi.json': operation({ operationId: undefined }) }, /POST \/v1\/orders has no operationId/],
      [{ 'openapi/openapi.json': operation({ summary: '' }) }, /has no summary/],
      [{ 'openapi/openapi.json': operation({ tags: [] }) }, /has no tag/],
      [{ 'openapi/openapi.json': operation({ security: undefined }) }, /does not say who may call it/],
      [{ 'openapi/openapi.json': operation({ responses: { 201: {} } }) }, /describes no error/],
      [{ 'openapi/openapi.json': operation(bareBody) }, /has no example of its application\/json body/],
      [
        { 'openapi/openapi.json': JSON.stringify({ paths: { '/a': { get: { operationId: 'x' } }, '/b': { get: { operationId: 'x' } } } }) },
        /operationId x is used 2 times/
      ]
    ]
  },

  packages: {
    keeps: {
      'package.json': JSON.stringify({ dependencies: { pg: '8.23.1' }, devDependencies: { tap: '21.8.0' }, allowScripts: { postgres: false } }),
      'package-lock.json': lock({ pg: {}, tap: { dev: true, hasInstallScript: true }, postgres: { hasInstallScript: true } })
    },
    breaks: [
      [{ 'package.json': JSON.stringify({ dependencies: { pg: '^8.23.1' } }) }, /pg is "\^8\.23\.1" and not one exact version/],
      [{ 'package.json': JSON.stringify({ optionalDependencies: { pg: 'github:x/pg' } }) }, /not one exact version/],
      [{ 'package-lock.json': lock({ pg: { integrity: undefined } }) }, /pg has no SHA-512/],
      [{ 'package-lock.json': lock({ pg: { integrity: 'sha1-x' } }) }, /pg has no SHA-512/],
      [{ 'package-lock.json': lock({ pg: { resolved: 'https://evil.example/pg.tgz' } }) }, /pg comes from https:\/\/evil\.example/],
      [{ 'package-lock.json': lock({ '@a/pg': { hasInstallScript: true } }) }, /@a\/pg runs a script when it is installed/]
    ]
  },

  'sizes worth a look': {
    keeps: { 'src/orders/order.ts': `const price = (a, b, c, d) => {\n${linesOf(48)}}` },
    breaks: [
      [{ 'src/orders/order.ts': `const price = () => {\n${linesOf(49)}}` }, /function price has 51 lines/],
      [{ 'src/orders/order.ts': 'const price = (a, b, c, d, e) => 1' }, /function price has 5 parameters/],
      [{ 'test/orders/orders.test.ts': linesOf(301) }, /has 301 lines/]
    ]
  },

  'awaits in loops worth a look': {
    keeps: { 'src/orders/jobs.ts': 'await Promise.all(rows.map(async row => { await run(row) }))' },
    breaks: [[{ 'src/orders/jobs.ts': 'for (const row of rows) await run(row)' }, /awaits in a loop/]]
  }
}
