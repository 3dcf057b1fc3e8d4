/** After everything has come to its end: the invariants, the history against the database, the world outside, the secrets, the indexes. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readFacts } from './check/facts.ts'
import type { Finding } from './check/finding.ts'
import { checkBank, checkCredits, checkRealTimeOrder, checkWalletReads } from './check/money.ts'
import { checkAcknowledged, checkCaps, checkCards, checkForm, checkKeys, checkReveals, checkStocked, type Evidence } from './check/orders.ts'
import { checkIndexes, dumpValkey, scanForSecrets } from './check/traces.ts'
import { checkTrail } from './check/trail.ts'
import { type BookEntry, checkBooks, checkDeliveries, type Delivered, type ToldEvent } from './check/world.ts'
import type { Answer, Client } from './load/client.ts'
import { type Call, hashOf, readHistory } from './load/history.ts'
import { CANARY, keysOf, type Shop } from './load/shop.ts'
import { PROBES } from './probe.ts'
import type { Rig } from './rig/rig.ts'
import { readInvariants } from './watch.ts'

const FEED_PAGE = 100

export interface Case {
  readonly rig: Rig
  readonly client: Client
  readonly shop: Shop
  readonly historyFile: string
  readonly directory: string
  readonly found: { readonly list: Finding[]; add(rule: string, detail: string): void }
  readonly counts: Record<string, number>
}

export async function judge({ rig, client, shop, historyFile, directory, found, counts }: Case): Promise<void> {
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
    checkCaps,
    checkCards,
    checkStocked,
    checkReveals,
    checkForm,
    checkBank,
    checkCredits,
    checkRealTimeOrder,
    checkWalletReads,
    checkTrail
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
    ...shop.endpoints.map(({ secret }) => secret),
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
