/** Sells to and buys from a real acg-faka shop: `npm run real-shop -- <checkout of acg-faka>`. See README.md. */
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { buyFromShop } from './buy.ts'
import { startDatabase } from './database.ts'
import { startHub } from './hub.ts'
import { findMissing } from './programs.ts'
import { openRecordingProxy } from './recording-proxy.ts'
import { sellToShop } from './sell.ts'
import { sellAcrossCrashes, sellWhileKilled } from './sell-while-killed.ts'
import { startShop } from './shop.ts'

const SCENARIO_MAX_MS = 600_000

const source = process.argv[2] ?? process.env['ACG_FAKA_DIR'] ?? ''
const missing = await findMissing()
if (missing.length > 0 || !existsSync(join(source, 'kernel', 'Install', 'Install.sql'))) {
  const wanted =
    missing.length > 0 ? `Not installed: ${missing.join(', ')}.` : 'Say where a checkout of acg-faka is: npm run real-shop -- <directory>'
  process.stderr.write(`${wanted}\n`)
  process.exit(2)
}

t.setTimeout(SCENARIO_MAX_MS)
const dir = await mkdtemp(join(tmpdir(), 'kahub-real-shop-'))
t.teardown(() => rm(dir, { recursive: true, force: true }))
const database = await startDatabase(join(dir, 'mariadb'))
t.teardown(database.stop)
const shop = await startShop(dir, source, database)
t.teardown(shop.stop)
const hub = await startHub(dir)
t.teardown(hub.terminate)
const proxy = await openRecordingProxy(hub.base())
t.teardown(proxy.close)
const world = { shop, hub, proxy }

t.test('a real shop adds kahub as its upstream, imports, syncs and sells', t => sellToShop(t, world))
t.test('killed in mid-purchase: no customer pays without a card, no card is charged twice', t => sellWhileKilled(t, world))
t.test('killed between two steps of a purchase: the same number finds out, and who paid by balance has it back', t => sellAcrossCrashes(t, world))
t.test('kahub buys from a real shop', t => buyFromShop(t, world))
