/** What shops poll all day, against a Fastify route that does nothing but answer the same bytes. */

import type { Bench } from '../bench.ts'
import { roundsChart } from '../charts.ts'
import { percentile } from '../histogram.ts'
import { openLoad } from '../load/load.ts'
import type { Faults } from '../measure.ts'
import { type BareServer, startBareServer } from '../rig/bare-server.ts'
import type { Shop } from '../rig/shop.ts'
import type { Ratio, Scenario } from '../scenario.ts'
import { type Comparison, compare, type Side } from '../stats.ts'

const READ_CONNECTIONS = 64
const WARM_UP_SECONDS = 2

async function readSide(bench: Bench, target: { name: string; host: string; port: number; path: string; keys: readonly string[] }, faults: Faults) {
  const { name, host, port, path, keys } = target
  const load = await openLoad({ host, ports: [port], connections: READ_CONNECTIONS, keys, request: { kind: 'get', path } })
  const run = async (seconds: number): Promise<number> => {
    const result = await load.run({ seconds })
    for (const [what, count] of Object.entries({ ...result.refusals, ...result.errors })) faults.push(`${path}: ${count} × ${what}`)
    const perSecond = result.successes / result.seconds
    bench.log(`    ${name} ${path.slice(0, 24)}: ${perSecond.toFixed(0)}/s, p99 ${percentile(result.latencies, 0.99).toFixed(1)} ms`)
    return perSecond
  }
  await run(WARM_UP_SECONDS)
  const side: Side = { name, unit: '/s', run: () => run(bench.options.seconds) }
  return { side, close: load.close }
}

async function against(
  bench: Bench,
  { shop, bare }: { shop: Shop; bare: BareServer },
  read: { name: string; path: string },
  faults: Faults
): Promise<Comparison> {
  const { kahub, keys } = shop
  const answer = await kahub.admin.call('GET', read.path, { key: keys[0] ?? '' })
  await bare.answerWith(JSON.stringify(answer))
  const base = await readSide(bench, { name: 'bare Fastify', host: kahub.host, port: bare.port, path: read.path, keys }, faults)
  const ours = await readSide(bench, { name: 'kahub', host: kahub.host, port: kahub.port, path: read.path, keys }, faults)
  try {
    return await compare(read.name, { base: base.side, ours: ours.side }, bench.options.rounds)
  } finally {
    await Promise.all([base.close(), ours.close()])
  }
}

const readScenario = (name: string, ratio: Ratio, pathOf: (shop: Shop) => string): Scenario => ({
  name,
  quick: true,
  run: async bench => {
    const shop = await bench.hotShop()
    const bare = await startBareServer()
    const faults: Faults = []
    try {
      const comparison = await against(bench, { shop, bare }, { name, path: pathOf(shop) }, faults)
      return { ratios: { [ratio]: comparison.ratio }, comparisons: [comparison], details: {}, charts: [roundsChart(comparison)], faults }
    } finally {
      await bare.stop()
    }
  }
})

export const skuRead = readScenario('sku-read', 'skuRead', ({ skuIds }) => `/v1/skus/${skuIds[0] ?? ''}`)
export const changesRead = readScenario('changes-read', 'changesRead', () => '/v1/catalog/changes')
