/** What keeps and what breaks the rules about who may import what. */
import type { Cases } from './made-up-tree.ts'

const EMPTY = ''

export const structureCases: Cases = {
  syntax: {
    keeps: { 'src/app.ts': 'export const one: number = 1' },
    breaks: [[{ 'src/app.ts': 'export const = 1' }, /^src\/app\.ts: cannot be read/]]
  },

  'module order and doors': {
    keeps: {
      'src/orders/index.ts': "export { place } from './place-order.ts'",
      'src/orders/place-order.ts': "import { find } from '../catalog/index.ts'\nimport { newId } from '../kit/ids.ts'",
      'src/orders/routes.ts': "import { operation } from '../http/index.ts'",
      'src/http/index.ts': "import { toProblem } from '../kit/errors.ts'",
      'src/kit/lock.ts': "import { newId } from './ids.ts'",
      'src/services.ts':
        "import { startEmbeddedPostgres } from './embedded/index.ts'\nimport { place } from './orders/index.ts'\nimport { redis } from './kit/redis.ts'",
      'src/embedded/index.ts': "export { start } from './start.ts'",
      'test/orders/place.test.ts': "import { place } from '../../src/orders/place-order.ts'"
    },
    breaks: [
      [{ 'src/catalog/sku.ts': "import { place } from '../orders/index.ts'" }, /sku\.ts:1: catalog comes before orders/],
      [{ 'src/catalog/sku.ts': "import type { Order } from '../orders/index.ts'" }, /catalog comes before orders/],
      [{ 'src/catalog/sku.ts': "export { place } from '../orders/index.ts'" }, /catalog comes before orders/],
      [{ 'src/catalog/sku.ts': "const later = () => import('../orders/index.ts')" }, /catalog comes before orders/],
      [{ 'src/catalog/sku.ts': "type Order = import('../orders/index.ts').Order" }, /catalog comes before orders/],
      [{ 'src/orders/place-order.ts': "\nimport { find } from '../catalog/repository.ts'" }, /:2: goes past the door of catalog/],
      [{ 'src/orders/place-order.ts': "import { app } from '../app.ts'" }, /a module imports no process/],
      [{ 'src/orders/routes.ts': "import { problem } from '../http/problem.ts'" }, /goes past the door of http/],
      [{ 'src/app.ts': "import { find } from './catalog/repository.ts'" }, /goes past the door of catalog/],
      [{ 'src/kit/ids.ts': "import { find } from '../catalog/index.ts'" }, /kit imports only kit/],
      [{ 'src/kit/ids.ts': "import { Str } from '../http/index.ts'" }, /kit imports only kit/],
      [{ 'src/http/auth.ts': "import { find } from '../accounts/index.ts'" }, /http imports only kit/],
      [{ 'src/embedded/postgres.ts': "import { newId } from '../kit/ids.ts'" }, /embedded imports nothing/],
      [{ 'src/app.ts': "import { start } from './embedded/index.ts'" }, /only services\.ts starts/],
      [{ 'src/services.ts': "import { start } from './embedded/postgres.ts'" }, /goes past the door of embedded/],
      [{ 'src/orders/order.ts': "import { make } from '../../test/support/app.ts'" }, /nothing from outside src/],
      [{ 'src/vouchers/index.ts': EMPTY }, /has no place in the house/],
      [{ 'src/extra.ts': EMPTY }, /has no place in the house/]
    ]
  },

  'inner code knows no HTTP': {
    keeps: {
      'src/orders/index.ts': "export { ordersRoutes } from './routes.ts'",
      'src/orders/routes.ts': "import { operation } from '../http/index.ts'\nimport { OrderSchema } from './schemas.ts'",
      'src/orders/routes/place-order.ts': "import { OrderSchema } from '../schemas.ts'",
      'src/orders/convert.ts': "import type { OrderSchema } from './schemas.ts'",
      'src/orders/place-order.ts': "import { insert } from './repository.ts'",
      'src/accounts/authenticator.ts': "import type { Authenticate, Principal } from '../http/index.ts'"
    },
    breaks: [
      [{ 'src/orders/place-order.ts': "import { ownerOf } from '../http/index.ts'" }, /only routes and schemas import http/],
      [{ 'src/orders/place-order.ts': "import type { Access } from '../http/index.ts'" }, /only routes and schemas import http/],
      [{ 'src/orders/place-order.ts': "import { OrderSchema } from './schemas.ts'" }, /do not import routes or schemas/],
      [{ 'src/orders/repository.ts': "import type { OrderBody } from './schemas.ts'" }, /do not import routes or schemas/],
      [{ 'src/orders/convert.ts': "import { OrderSchema } from './schemas.ts'" }, /do not import routes or schemas/],
      [{ 'src/orders/place-order.ts': "import { price } from './index.ts'" }, /the door is for others/]
    ]
  },

  'no import cycles': {
    keeps: { 'src/kit/a.ts': "import './b.ts'\nimport './c.ts'", 'src/kit/b.ts': "import './c.ts'", 'src/kit/c.ts': EMPTY },
    breaks: [
      [{ 'src/kit/a.ts': "import './b.ts'", 'src/kit/b.ts': "import './a.ts'" }, /in a cycle: src\/kit\/a\.ts → src\/kit\/b\.ts → src\/kit\/a\.ts$/],
      [{ 'src/kit/a.ts': "import type { B } from './b.ts'", 'src/kit/b.ts': "import { A } from './a.ts'" }, /in a cycle/],
      [
        { 'src/kit/a.ts': "import './b.ts'", 'src/kit/b.ts': "export * from './c.ts'", 'src/kit/c.ts': "import './a.ts'" },
        /a\.ts → .*b\.ts → .*c\.ts → .*a\.ts/
      ],
      [{ 'src/kit/a.ts': "import './a.ts'" }, /in a cycle/]
    ]
  },

  'library doors': {
    keeps: {
      'src/orders/routes/place-order.ts': "import { Type } from 'typebox'\nimport type { FastifyPluginAsync } from 'fastify'",
      'src/orders/schemas.ts': "import { Type } from 'typebox'",
      'src/orders/convert.ts': "import type { Static } from 'typebox'",
      'src/worker.ts': "import type { FastifyBaseLogger } from 'fastify'",
      'src/http/plugins/auth.ts': "import fp from 'fastify-plugin'",
      'src/kit/db/database.ts': "const { Pool } = createRequire(import.meta.url)('pg') as typeof import('pg')",
      'src/kit/redis.ts': "import { Redis } from 'ioredis'",
      'src/kit/outbound-http.ts': "import { fetch } from 'undici'",
      'src/suppliers/adapters/acme/client.ts': "import { fetch } from 'undici'",
      'src/webhooks/outbound/deliver.ts': "import { fetch } from 'undici'",
      'test/support/app.ts': "import pg from 'pg'"
    },
    breaks: [
      [
        { 'src/orders/place-order.ts': "import type { FastifyRequest } from 'fastify'" },
        /place-order\.ts:1: only routes, schemas and src\/http may import fastify/
      ],
      [{ 'src/orders/order.ts': "import { Type } from 'typebox'" }, /may import typebox/],
      [{ 'src/orders/convert.ts': "import { Type } from 'typebox'" }, /may import typebox/],
      [{ 'src/worker.ts': "import Fastify from 'fastify'" }, /may import fastify/],
      [{ 'src/orders/repository.ts': "import { eq } from 'drizzle-orm'" }, /only src\/kit\/db may import drizzle-orm/],
      [{ 'src/orders/tables.ts': "import { pgTable } from 'drizzle-orm/pg-core'" }, /drizzle-orm\/pg-core/],
      [{ 'src/orders/repository.ts': "const pg = createRequire(import.meta.url)('pg')" }, /only src\/kit\/db may import pg/],
      [{ 'src/orders/repository.ts': "const load = createRequire(import.meta.url)\nconst pg = load('pg')" }, /repository\.ts:2: only src\/kit\/db/],
      [{ 'src/orders/repository.ts': "type Pool = import('pg').Pool" }, /only src\/kit\/db may import pg/],
      [{ 'src/orders/place-order.ts': "const client = await import('undici')" }, /may import undici/],
      [{ 'src/kit/lock.ts': "import type { Redis } from 'ioredis'" }, /only src\/kit\/redis\.ts/],
      [{ 'src/embedded/postgres.ts': EMPTY }, /listed as an exception and needs none/]
    ]
  },

  'SQL in repositories': {
    keeps: {
      'src/orders/place-order.ts': "import { type Db, isUniqueViolation, type Tx } from '../kit/db/index.ts'",
      'src/orders/repository.ts': "import { eq, statement } from '../kit/db/index.ts'\nimport { orders } from './tables.ts'",
      'src/orders/order-batch-repository.ts': "import { statement } from '../kit/db/index.ts'",
      'src/orders/tables.ts': "import { pgTable } from '../kit/db/index.ts'",
      'src/invariants/rules/ledger-is-balanced.ts': "import { statement } from '../../kit/db/index.ts'",
      'src/kit/outbox.ts': "import { statement } from './db/index.ts'"
    },
    breaks: [
      [{ 'src/orders/place-order.ts': "import { type Tx, statement } from '../kit/db/index.ts'" }, /only repositories write SQL \(statement\)/],
      [{ 'src/orders/routes.ts': "import { eq } from '../kit/db/index.ts'" }, /only repositories write SQL \(eq\)/],
      [{ 'src/orders/place-order.ts': "import { orders } from './tables.ts'" }, /only repositories import tables/]
    ]
  },

  'environment, console and fetch': {
    keeps: {
      'src/config.ts': "const url = process.env['DATABASE_URL']",
      'src/demo.ts': "await fetch('http://127.0.0.1')",
      'src/orders/place-order.ts': 'const fetchOrder = cache.fetch(1)',
      'test/run.ts': "console.log(process.env['HOME'])"
    },
    breaks: [
      [{ 'src/kit/lock.ts': "const url = process.env['REDIS_URL']" }, /lock\.ts:1: only config\.ts reads the environment/],
      [{ 'src/kit/lock.ts': 'const { env } = process' }, /only config\.ts reads the environment/],
      [{ 'src/kit/lock.ts': "import { env } from 'node:process'" }, /only config\.ts reads the environment/],
      [{ 'src/orders/place-order.ts': "\nconsole.log('placed')" }, /place-order\.ts:2: logs go to the logger/],
      [{ 'src/orders/place-order.ts': "await fetch('https://example.com')" }, /no address guard/],
      [{ 'src/orders/place-order.ts': "await globalThis.fetch('https://example.com')" }, /no address guard/],
      [{ 'src/migrate.ts': EMPTY }, /listed as an exception and needs none/]
    ]
  }
}
