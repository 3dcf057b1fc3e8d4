/**
 * `npm run demo`: a small shop on the embedded servers, in a temporary directory, over real HTTP. Imports key files as sellers have
 * them, orders as a reseller, prints what was delivered, the wallet's entries and the invariants, and exits 0 if all of it is right.
 */
import { rm } from 'node:fs/promises'
import { buildApp } from './app.ts'
import { readConfig } from './config.ts'
import { createTempDataDir } from './embedded/index.ts'
import { createLog } from './log.ts'
import { createServices } from './services.ts'
import { startWorker } from './worker.ts'

const ADMIN_KEY = 'demo-operator-key-0123456789abcdef'

const KEY_FILES = [
  { title: 'one key a line', type: 'text/plain', body: 'STEAM-AAAA-0001\nSTEAM-AAAA-0002\nSTEAM-AAAA-0003\n\nSTEAM-AAAA-0001\n' },
  { title: 'number----secret', type: 'text/plain', body: '6000000000000001----PIN-1001\n6000000000000002----PIN-1002\n' },
  { title: 'CSV', type: 'text/csv', body: '卡号,卡密,有效期\n7000000000000001,CSV-2001,2099-12-31\n7000000000000002,CSV-2002,2099-12-31\n' }
] as const

interface Answer {
  readonly status: number
  readonly body: Record<string, unknown>
}

const say = (line = ''): void => {
  process.stdout.write(`${line}\n`)
}

function client(base: string, key: string) {
  let calls = 0
  return async (method: string, path: string, body?: unknown, type = 'application/json'): Promise<Answer> => {
    const response = await fetch(`${base}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        'idempotency-key': `demo-${method}-${path}-${calls++}`.slice(0, 200),
        ...(body === undefined ? {} : { 'content-type': type })
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) })
    })
    const answer = (await response.json()) as Record<string, unknown>
    if (response.status >= 300) throw new Error(`${method} ${path} answered ${response.status}: ${JSON.stringify(answer)}`)
    return { status: response.status, body: answer }
  }
}

type Call = ReturnType<typeof client>

async function setUpShop(admin: Call): Promise<{ skuId: string; resellerKey: string }> {
  say('1. An operator sets up a shop')
  const product = await admin('POST', '/v1/admin/products', { name: 'Steam Wallet 50', category: 'games', kind: 'card' })
  const sku = await admin('POST', '/v1/admin/skus', {
    productId: product.body['id'],
    code: 'STEAM-CN-50',
    name: 'Steam Wallet ¥50',
    price: { amount: '48.50', currency: 'CNY' }
  })
  const skuId = String(sku.body['id'])
  await admin('PUT', `/v1/admin/skus/${skuId}/prices`, [{ tier: 'gold', unitPrice: { amount: '47.20', currency: 'CNY' } }])
  say(`   product ${String(product.body['id'])}`)
  say(`   SKU     ${skuId}  ¥48.50, tier gold ¥47.20`)
  say()
  say('2. Key files as sellers have them')
  for (const file of KEY_FILES) {
    const { body } = await admin('POST', `/v1/admin/skus/${skuId}/card-batches`, file.body, file.type)
    say(
      `   ${file.title.padEnd(18)} accepted ${String(body['accepted'])}, duplicates ${String(body['duplicates'])}, rejected ${JSON.stringify(body['rejected'])}`
    )
  }
  const reseller = await admin('POST', '/v1/admin/resellers', { name: 'Bot of Li', tier: 'gold' })
  const resellerId = String(reseller.body['id'])
  const key = await admin('POST', `/v1/admin/resellers/${resellerId}/api-keys`, { name: 'bot' })
  await admin('POST', `/v1/admin/resellers/${resellerId}/wallet/credits`, {
    amount: { amount: '500.00', currency: 'CNY' },
    reason: 'bank transfer 4711'
  })
  say()
  say('3. A reseller with ¥500.00 in the wallet')
  say(`   ${resellerId}`)
  return { skuId, resellerKey: String(key.body['key']) }
}

async function buy(reseller: Call, skuId: string): Promise<void> {
  say()
  say('4. Orders over HTTP: POST /v1/orders')
  for (const quantity of [1, 3, 2]) {
    const startedAt = performance.now()
    const { status, body } = await reseller('POST', '/v1/orders', { skuId, quantity, reference: `shop-${quantity}` })
    const ms = (performance.now() - startedAt).toFixed(1)
    const total = body['total'] as { amount: string }
    say(`   ${status} ${String(body['state'])}  ${quantity} × ¥${(body['unitPrice'] as { amount: string }).amount} = ¥${total.amount}   ${ms} ms`)
    for (const card of body['cards'] as { number?: string; secret: string }[])
      say(`       ${card.number === undefined ? '' : `${card.number}  `}${card.secret}`)
  }
}

async function showBooks(reseller: Call, admin: Call): Promise<boolean> {
  say()
  say('5. The wallet entries that resulted')
  const entries = (await reseller('GET', '/v1/wallet/entries')).body['data'] as {
    type: string
    amount: { amount: string }
    balanceAfter: { amount: string }
  }[]
  for (const entry of entries.toReversed())
    say(`   ${entry.type.padEnd(16)} ${entry.amount.amount.padStart(10)}   balance ${entry.balanceAfter.amount.padStart(8)}`)
  const wallet = (await reseller('GET', '/v1/wallet')).body as Record<string, { amount: string }>
  say(`   balance ${wallet['balance']?.amount}  held ${wallet['held']?.amount}  available ${wallet['available']?.amount}`)
  say()
  say('6. The invariants, evaluated now')
  const { body } = await admin('GET', '/v1/admin/invariants')
  for (const rule of body['data'] as { name: string; broken: number }[]) say(`   ${rule.broken === 0 ? 'ok    ' : 'BROKEN'} ${rule.name}`)
  return body['ok'] === true
}

async function showShop(base: string): Promise<boolean> {
  const admin = client(base, ADMIN_KEY)
  const { skuId, resellerKey } = await setUpShop(admin)
  const reseller = client(base, resellerKey)
  await buy(reseller, skuId)
  return await showBooks(reseller, admin)
}

/** True if all is right. */
async function run(dataDir: string, interrupted: Promise<never>): Promise<boolean> {
  const startedAt = performance.now()
  say('kahub demo: starting PostgreSQL and Valkey from npm packages …')
  const config = readConfig({ KAHUB_DATA_DIR: dataDir, KAHUB_ADMIN_KEY: ADMIN_KEY, PORT: '0', LOG_LEVEL: 'warn' })
  const log = createLog('warn')
  const services = await createServices(config, log)
  const worker = startWorker(services, log)
  const app = await buildApp(services, log)
  try {
    const base = await app.listen({ port: 0, host: '127.0.0.1' })
    say(`ready on ${base} after ${((performance.now() - startedAt) / 1000).toFixed(1)} s`)
    say()
    return await Promise.race([showShop(base), interrupted])
  } finally {
    await app.close()
    await worker.stop()
    await services.close()
  }
}

/**
 * Rejects at the first signal, or when nobody reads what we write, so that servers and files go the usual way.
 * Later signals are the same Ctrl-C once more.
 */
function interruption(): Promise<never> {
  const interrupted = new Promise<never>((_, reject) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => reject(new Error(`interrupted by ${signal}`)))
    process.stdout.on('error', reject)
    process.stderr.on('error', reject)
  })
  interrupted.catch(() => undefined)
  return interrupted
}

async function main(): Promise<void> {
  const interrupted = interruption()
  const dataDir = createTempDataDir('kahub-demo-')
  try {
    const ok = await run(dataDir, interrupted)
    say()
    say(ok ? 'All invariants hold. `npm start` serves the same on a data directory that stays.' : 'AN INVARIANT IS BROKEN.')
    process.exitCode = ok ? 0 : 1
  } finally {
    await rm(dataDir, { recursive: true, force: true })
  }
}

main().catch((error: Error) => {
  process.stderr.write(`The demo failed: ${error.message}\n`)
  process.exit(1)
})
