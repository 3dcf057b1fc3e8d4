/** One round: load with faults, heal, liveness, invariants, history, secrets, indexes. */
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { createFindings, type Finding } from './check/finding.ts'
import { createDice } from './dice.ts'
import { judge } from './judge.ts'
import { createClient } from './load/client.ts'
import type { LoadOrder, LoadReport } from './load/load-process.ts'
import { openShop } from './load/shop.ts'
import type { FailpointDeck } from './nemesis/failpoint-deck.ts'
import type { Options } from './options.ts'
import { probe } from './probe.ts'
import { startChild } from './rig/child.ts'
import type { LinkName, NemesisOrder, NemesisReport } from './rig/messages.ts'
import { healLinks, type Rig, SERVERS, startRig } from './rig/rig.ts'
import { finishRotation, rotateUntilDone } from './rotate.ts'
import { passImports, settle, settleAgain } from './settle.ts'
import { startWatch } from './watch.ts'

const LIVENESS_MS = 60_000
/** Clocks of servers are wrong by one of these. */
const SKEWS_MS = [0, 0, 600_000, -600_000, 3_600_000, -3_600_000] as const

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
    log(`  healed after ${seconds(begun)}`)
    load.send({ do: 'finish', withinMs: LIVENESS_MS })
    const [loaded, left] = await Promise.all([finished, finishRotation(rig), passImports(rig.databaseUrl())])
    if (left !== null) found.add('a rotated master key leaves nothing behind', left)
    log(`  answered after ${seconds(begun)}`)
    if (loaded.is === 'failed') throw new Error(`the load failed: ${loaded.reason}`)
    if (loaded.unresolved > 0)
      found.add('every request is answered in the end', `${loaded.unresolved} were not, within ${LIVENESS_MS / 1_000} s after the faults`)
    const settled = await settle(rig.databaseUrl(), LIVENESS_MS)
    found.list.push(...settled.findings, ...(await probe(rig, client, shop)))
    found.list.push(...(await settleAgain(rig.databaseUrl(), LIVENESS_MS)).findings)
    const looks = await watch.stop()
    found.list.push(...looks.findings)
    log(`  settled in ${(settled.ms / 1_000).toFixed(1)} s, and sold again, after ${seconds(begun)}`)
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
  // What a server was armed with is gone then, and all know the new master key in front.
  await Promise.all(rig.servers.map(server => server.restart()))
  await rig.untilReady()
}
