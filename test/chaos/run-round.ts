/** One round: load with faults, heal, liveness, invariants, history, secrets, indexes. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { readFacts } from './check/facts.ts'
import { createFindings, type Finding } from './check/finding.ts'
import { checkBank, checkCredits, checkRealTimeOrder, checkWalletReads } from './check/money.ts'
import { checkAcknowledged, checkCards, checkForm, checkKeys, checkReveals, checkStocked, type Evidence } from './check/orders.ts'
import { checkIndexes, dumpValkey, scanForSecrets } from './check/traces.ts'
import { type BookEntry, checkBooks, checkDeliveries, type Delivered, type ToldEvent } from './check/world.ts'
import { createDice } from './dice.ts'
import { type Answer, type Client, createClient } from './load/client.ts'
import { type Call, hashOf, readHistory } from './load/history.ts'
import type { LoadOrder, LoadReport } from './load/load-process.ts'
import { CANARY, keysOf, openShop, type Shop } from './load/shop.ts'
import type { FailpointDeck } from './nemesis/failpoint-deck.ts'
import type { Options } from './options.ts'
import { startChild } from './rig/child.ts'
import type { LinkName, NemesisOrder, NemesisReport } from './rig/messages.ts'
import { healLinks, type Rig, SERVERS, startRig } from './rig/rig.ts'
import { finishRotation, rotateUntilDone } from './rotate.ts'
import { passImports, settle } from './settle.ts'
import { readInvariants, startWatch } from './watch.ts'

const LIVENESS_MS = 60_000
const PROBES = 10
const PROBE_MAX_MS = 10_000
/** Clocks of servers are wrong by one of these. */
const SKEWS_MS = [0, 0, 600_000, -600_000, 3_600_000, -3_600_000] as const
const FEED_PAGE = 100

export interface RoundResult {
  readonly findings: readonly Finding[]
  /** How often each fault struck. */
  readonly faults: ReadonlyMap<string, number>
  readonly missed: ReadonlyMap<string, number>
  readonly counts: Readonly<Record<string, number>>
}

export interface RoundRequest {
  readonly directory: string
  readonly seed: number
  readonly options: Options
  readonly failpoints: FailpointDeck
  readonly log: (line: string) => void
}

const increment = (counts: Map<string, number>, name: string): void => void counts.set(name, (counts.get(name) ?? 0) + 1)

export async function runRound(request: RoundRequest): Promise<RoundResult> {
  const { directory, seed, options, log } = request
  const found = createFindings()
  const counts: Record<string, number> = {}
  const [faults, missed] = [new Map<string, number>(), new Map<string, number>()]
  const dice = createDice(seed)
  const nemesis = startChild<NemesisOrder, NemesisReport>('nemesis/nemesis-process.ts')
  const load = startChild<LoadOrder, LoadReport>('load/load-process.ts')
  const client = createClient()
  let hotSkuIds: readonly string[] = []
  let rig: Rig | null = null
  /** Nothing strikes before the shop is set up, nor after the nemesis has left. */
  let isUnderFire = false
  let newestKey: 'old' | 'new' = 'old'
  const onTargets = (): void => {
    if (rig !== null && isUnderFire) nemesis.send({ do: 'targets', targets: rig.targets(hotSkuIds) })
  }
  try {
    const begun = performance.now()
    rig = await startRig({
      directory,
      seed,
      smallDisk: options.smallDisk,
      nextEnv: () => {
        const failpoint = options.failpoints && isUnderFire ? request.failpoints.next() : null
        const skew = options.skew && isUnderFire ? dice.pick(SKEWS_MS) : 0
        return { newestKey, KAHUB_CHAOS_SKEW_MS: `${skew}`, ...(failpoint === null ? {} : { KAHUB_FAILPOINT: failpoint }) }
      },
      onFailpoint: name => {
        log(`    (failpoint ${name})`)
        request.failpoints.noteHit(name)
      },
      onCrash: detail => found.add('no process ends by itself', detail),
      onTargets
    })
    await rig.untilReady()
    const shop = await openShop(client, shopOptions(rig))
    hotSkuIds = shop.skus.filter(sku => sku.role === 'hot').map(sku => sku.id)
    log(`  set up in ${seconds(begun)}`)
    const watch = startWatch(rig)
    const finished = load.next(report => report.is === 'finished' || report.is === 'failed')
    const historyFile = join(directory, 'history.ndjson')
    const origins = Array.from({ length: SERVERS }, (_, n) => `http://127.0.0.1:${rig!.links[`api-${n}` as LinkName]}`)
    load.send({ do: 'start', seed, historyFile, origins, shop, clients: options.clients, rate: options.rate })
    obey(nemesis, rig, { faults, missed, log })
    const struck = nemesis.next(report => report.is === 'done')
    isUnderFire = true
    nemesis.send({ do: 'start', seed, seconds: options.seconds, faults: options.faults, targets: rig.targets(hotSkuIds) })
    const rotated = wait(options.seconds * 500).then(() => {
      newestKey = 'new'
      return rotateUntilDone(rig!, () => !isUnderFire)
    })
    await struck
    isUnderFire = false
    counts['rotations tried'] = await rotated
    log(`  ${[...faults.values()].reduce((a, b) => a + b, 0)} faults struck in ${seconds(begun)}`)
    await heal(rig)
    const left = await finishRotation(rig)
    if (left !== null) found.add('a rotated master key leaves nothing behind', left)
    log(`  healed after ${seconds(begun)}`)
    load.send({ do: 'finish', withinMs: LIVENESS_MS })
    await passImports(rig.databaseUrl())
    const loaded = await finished
    if (loaded.is === 'failed') throw new Error(`the load failed: ${loaded.reason}`)
    if (loaded.unresolved > 0)
      found.add('every request is answered in the end', `${loaded.unresolved} were not, within ${LIVENESS_MS / 1_000} s after the faults`)
    const settled = await settle(rig.databaseUrl(), LIVENESS_MS)
    found.list.push(...settled.findings, ...(await probe(rig, client, shop)))
    found.list.push(...(await settle(rig.databaseUrl(), LIVENESS_MS)).findings)
    const looks = await watch.stop()
    found.list.push(...looks.findings)
    log(`  settled in ${(settled.ms / 1_000).toFixed(1)} s`)
    Object.assign(counts, {
      requests: loaded.requests,
      intents: loaded.intents,
      'looks at fences': looks.fences,
      'invariants under load': looks.invariants
    })
    await judge({ rig, client, shop, historyFile, directory, found, counts })
    log(`  judged in ${seconds(begun)}`)
    const { postgres, valkey, servers } = rig.starts()
    Object.assign(counts, { 'starts of PostgreSQL': postgres, 'starts of Valkey': valkey, 'starts of servers': servers })
    return { findings: found.list, faults, missed, counts }
  } finally {
    await rig?.stopServers()
    await Promise.all([client.close(), nemesis.stop(), load.stop(), rig?.stop()])
  }
}

const seconds = (since: number): string => `${((performance.now() - since) / 1_000).toFixed(1)} s`

const shopOptions = (rig: Rig) => ({
  origin: rig.servers[0]?.origin ?? '',
  adminKey: rig.adminKey,
  suppliers: rig.suppliers,
  supplierOrigins: rig.suppliers.map((_, n) => `http://127.0.0.1:${rig.links[`supplier-${n}` as LinkName]}`),
  receiverOrigin: `http://127.0.0.1:${rig.links.receiver}`
})

interface Tally {
  readonly faults: Map<string, number>
  readonly missed: Map<string, number>
  readonly log: (line: string) => void
}

/** Does what the nemesis cannot do itself, and counts what it did. */
function obey(nemesis: { onReport(listener: (report: NemesisReport) => void): void }, rig: Rig, { faults, missed, log }: Tally): void {
  nemesis.onReport(report => {
    switch (report.is) {
      case 'ending':
        return rig.servers[report.server]?.announceEnd(report.signal)
      case 'link':
        return rig.proxy.send({ do: 'fault', link: report.link, fault: report.fault })
      case 'hold-valkey':
        return rig.databases.send({ do: 'hold-valkey', hold: report.hold })
      case 'receiver-faults':
        return rig.world.send({ do: 'receiver-faults', percent: report.percent })
      case 'fault':
        log(`    ${report.name} ${report.detail}`)
        return increment(faults, report.name)
      case 'missed':
        log(`    (${report.name}: ${report.detail})`)
        return increment(missed, report.name)
      case 'done':
        return
    }
  })
}

async function heal(rig: Rig): Promise<void> {
  rig.world.send({ do: 'receiver-faults', percent: 0 })
  await healLinks(rig)
  for (const { origin, controlToken } of rig.suppliers) {
    await fetch(`${origin}/__sim/faults`, { method: 'POST', headers: { 'x-sim-token': controlToken }, body: JSON.stringify({ rates: {} }) })
  }
  // Calls that a supplier never answers end now, and not in twenty seconds.
  for (const link of ['supplier-0', 'supplier-1', 'receiver'] as const) rig.proxy.send({ do: 'fault', link, fault: { kind: 'cut' } })
  await rig.untilReady()
  // One after the other: what a server was armed with is gone, and all know the new master key in front.
  for (const server of rig.servers) {
    await server.restart()
    await rig.untilReady()
  }
}

/** Both servers sell, at once, and to everybody who can pay. */
async function probe(rig: Rig, client: Client, shop: Shop): Promise<Finding[]> {
  const found = createFindings()
  const sku = shop.skus.find(each => each.role === 'hot')
  for (const { origin } of rig.servers) {
    const body = keysOf(sku?.tag ?? '', `probe${origin.slice(-5)}`, PROBES).join('\n')
    const ask = {
      key: rig.adminKey,
      idempotencyKey: `probe-${origin}`,
      timeoutMs: PROBE_MAX_MS,
      method: 'POST',
      path: `/v1/admin/skus/${sku?.id}/card-batches`
    } as const
    await client.ask(origin, { ...ask, body })
    for (let n = 0; n < PROBES; n++) {
      const order = {
        key: shop.resellers[0]?.key ?? '',
        idempotencyKey: `probe-${origin}-${n}`,
        body: { skuId: sku?.id, quantity: 1 },
        timeoutMs: PROBE_MAX_MS
      }
      const answer = await client.ask(origin, { ...order, method: 'POST', path: '/v1/orders' }).catch((error: Error) => error)
      if (answer instanceof Error || answer.status !== 201)
        found.add('after the faults it sells again', answer instanceof Error ? answer.message : `${answer.status} ${answer.text}`)
    }
  }
  return found.list
}

interface Case {
  readonly rig: Rig
  readonly client: Client
  readonly shop: Shop
  readonly historyFile: string
  readonly directory: string
  readonly found: { readonly list: Finding[]; add(rule: string, detail: string): void }
  readonly counts: Record<string, number>
}

async function judge({ rig, client, shop, historyFile, directory, found, counts }: Case): Promise<void> {
  for (const server of rig.servers.keys()) {
    const report = await readInvariants(rig, server)
    if (report === null) found.add('the invariants can be read', `not from server ${server}`)
    found.list.push(...(report ?? []))
  }
  const books = (await Promise.all(rig.suppliers.map(readBook))).flat()
  const feeds = await Promise.all(
    shop.endpoints.map(async each => ({ ...each, events: await readFeed(rig, client, shop.resellers[each.reseller]?.key ?? '') }))
  )
  const strays = rig.world.next(report => report.is === 'strays')
  rig.world.send({ do: 'count-strays' })
  const { count } = await strays
  if (count > 0) found.add('redirects are not followed', `${count} were`)
  await dumpValkey(rig.redisUrl(), join(rig.files.world, 'valkey.dump'))
  for (const code of await rig.stopServers()) if (code !== 0) found.add('a server stops when it is told', `exit code ${code}`)
  const facts = await readFacts(rig.databaseUrl(), rig.newMasterKey)
  const history = readHistory(historyFile)
  const evidence: Evidence = { history, facts, shop, known: handedIn(history, shop, books, rig) }
  const rules = [
    checkAcknowledged,
    checkKeys,
    checkCards,
    checkStocked,
    checkReveals,
    checkForm,
    checkBank,
    checkCredits,
    checkRealTimeOrder,
    checkWalletReads
  ]
  for (const check of rules) found.list.push(...check(evidence))
  found.list.push(...checkBooks(facts, books))
  const dump = readFileSync(rig.files.deliveries, 'utf8')
    .split('\n')
    .filter(line => line !== '')
  for (const { events, ...endpoint } of feeds)
    found.list.push(
      ...checkDeliveries(
        endpoint,
        events,
        dump.map(line => JSON.parse(line) as Delivered)
      )
    )
  const { checked, findings } = await checkIndexes(rig.databaseUrl())
  const secrets = [
    CANARY,
    rig.adminKey,
    ...rig
      .masterKeys('new')
      .split(/[:,]/)
      .filter(part => part.length > 8),
    ...shop.resellers.map(({ key }) => key),
    shop.push.secret,
    ...books.flatMap(sale => sale.cards.map(card => card.secret))
  ]
  const paths = [rig.files.databases, rig.files.logs, rig.files.world]
  found.list.push(...findings, ...scanForSecrets({ paths, secrets, patternFile: join(directory, 'patterns.txt') }))
  Object.assign(counts, tally(history), {
    orders: facts.orders.length,
    cards: facts.cards.length,
    transfers: facts.transfers.length,
    purchases: books.length,
    'deliveries to endpoints': dump.length,
    'indexes checked': checked
  })
}

const tally = (history: readonly Call[]): Record<string, number> => ({
  acknowledged: history.filter(({ status }) => status !== null && status < 300).length,
  'without an answer': history.filter(({ status }) => status === null).length,
  'answered 503': history.filter(({ status }) => status === 503).length,
  'orders acknowledged': new Set(history.flatMap(({ orders }) => (orders ?? []).map(order => order?.id))).size
})

function handedIn(history: readonly Call[], shop: Shop, books: readonly BookEntry[], rig: Rig): Set<string> {
  const known = new Set<string>(history.flatMap(({ keys }) => keys ?? []))
  const add = (tag: string, batch: string, count: number): void => {
    for (const key of keysOf(tag, batch, count)) known.add(hashOf(key))
  }
  for (const { tag, stock } of shop.skus) add(tag, 'first', stock)
  for (const { origin } of rig.servers) add(shop.skus.find(sku => sku.role === 'hot')?.tag ?? '', `probe${origin.slice(-5)}`, PROBES)
  for (const { secret } of books.flatMap(sale => sale.cards)) known.add(hashOf(secret))
  return known
}

async function readBook({ origin, controlToken }: { origin: string; controlToken: string }): Promise<BookEntry[]> {
  const response = await fetch(`${origin}/__sim/book`, { headers: { 'x-sim-token': controlToken } })
  return ((await response.json()) as { sales: BookEntry[] }).sales
}

async function readFeed({ servers }: Rig, client: Client, key: string): Promise<ToldEvent[]> {
  const events: ToldEvent[] = []
  let cursor = ''
  for (;;) {
    const path = `/v1/events?limit=${FEED_PAGE}${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`
    const { status, text, body }: Answer = await client.ask(servers[0]?.origin ?? '', { method: 'GET', path, key })
    if (status !== 200) throw new Error(`GET ${path}: ${status} ${text}`)
    events.push(...body.data)
    if (body.data.length < FEED_PAGE) return events
    cursor = body.nextCursor
  }
}
