/** A seller's file of a million keys, sealed and fingerprinted on the way in, against PostgreSQL copying the finished rows. */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import type { Bench } from '../bench.ts'
import { roundsChart } from '../charts.ts'
import { checkKahub } from '../correctness.ts'
import type { Faults } from '../measure.ts'
import type { Kahub } from '../rig/kahub.ts'
import { peakMbOf, resetPeakOf } from '../rig/process-stats.ts'
import { newCards, openShop } from '../rig/shop.ts'
import type { Scenario } from '../scenario.ts'
import { compare, median, round, type Side } from '../stats.ts'

const QUICK_CARDS = 200_000
const FULL_CARDS = 1_000_000
const ROUNDS_MAX = 3

const BARE_TABLES = `
CREATE SCHEMA bare;
CREATE TABLE bare.card (LIKE card INCLUDING ALL);
CREATE TABLE bare.card_fingerprint (LIKE card_fingerprint INCLUDING ALL);
CREATE TABLE bare.card_heap (LIKE card);
CREATE TABLE bare.fingerprint_heap (LIKE card_fingerprint);`

function importSide(bench: Bench, { kahub, cards }: { kahub: Kahub; cards: number }, faults: Faults): Side & { readonly peaks: number[] } {
  const peaks: number[] = []
  return {
    name: 'import',
    unit: ' keys/s',
    peaks,
    run: async () => {
      const { skuIds } = await openShop(kahub, { skus: 1, resellers: 0 })
      const body = newCards(cards)
      resetPeakOf(kahub.pid)
      const begun = performance.now()
      const report = await kahub.admin.call('POST', `/v1/admin/skus/${skuIds[0] ?? ''}/card-batches`, { body })
      const seconds = (performance.now() - begun) / 1_000
      peaks.push(round(peakMbOf(kahub.pid), 1))
      if (report['accepted'] !== cards) faults.push(`an import accepted ${String(report['accepted'])} of ${cards} keys`)
      bench.log(`    import: ${(cards / seconds).toFixed(0)} keys/s, peak ${peaks.at(-1)} MB`)
      return cards / seconds
    }
  }
}

/** COPY by the server from a file that it can read: no protocol, no client, nothing to wait for. */
function copySide(bench: Bench, client: pg.Client, { files, cards, heap }: { files: Files; cards: number; heap: boolean }): Side {
  const [cardTable, fingerprintTable] = heap ? ['bare.card_heap', 'bare.fingerprint_heap'] : ['bare.card', 'bare.card_fingerprint']
  return {
    name: heap ? 'COPY without indexes' : 'COPY',
    unit: ' keys/s',
    run: async () => {
      await client.query(`TRUNCATE ${cardTable}, ${fingerprintTable}`)
      await client.query('CHECKPOINT')
      const begun = performance.now()
      await client.query(`COPY ${cardTable} FROM '${files.card}'`)
      await client.query(`COPY ${fingerprintTable} FROM '${files.fingerprint}'`)
      const perSecond = (cards * 1_000) / (performance.now() - begun)
      bench.log(`    ${heap ? 'COPY without indexes' : 'COPY'}: ${perSecond.toFixed(0)} keys/s`)
      return perSecond
    }
  }
}

interface Files {
  readonly directory: string
  readonly card: string
  readonly fingerprint: string
}

/** PostgreSQL may run as another user than we do. */
function makeFiles(): Files {
  const directory = mkdtempSync(join(tmpdir(), `kahub-bench-${process.pid}-copy-`))
  chmodSync(directory, 0o777)
  return { directory, card: join(directory, 'card'), fingerprint: join(directory, 'fingerprint') }
}

async function measure(bench: Bench, kahub: Kahub, client: pg.Client, files: Files) {
  const cards = bench.options.quick ? QUICK_CARDS : FULL_CARDS
  const rounds = Math.min(ROUNDS_MAX, bench.options.rounds)
  const faults: Faults = []
  const ours = importSide(bench, { kahub, cards }, faults)
  await ours.run()
  await client.query(BARE_TABLES)
  await client.query(`COPY card TO '${files.card}'`)
  await client.query(`COPY card_fingerprint TO '${files.fingerprint}'`)
  const base = copySide(bench, client, { files, cards, heap: false })
  const comparison = await compare('import-copy', { base, ours }, rounds)
  const heap = await copySide(bench, client, { files, cards, heap: true }).run()
  faults.push(...(await checkKahub(bench, kahub)))
  return {
    ratios: { importCopy: comparison.ratio, importPeakMb: Math.max(...ours.peaks) },
    comparisons: [comparison],
    details: { cards, peaksMb: ours.peaks, ratioToCopyWithoutIndexes: round(median(comparison.ours.values) / heap) },
    charts: [roundsChart(comparison)],
    faults
  }
}

export const importCopy: Scenario = {
  name: 'import-copy',
  quick: true,
  run: async bench => {
    const databaseUrl = await bench.lab.createDatabase('bench_import')
    const kahub = await bench.startKahub(databaseUrl)
    const client = new pg.Client({ connectionString: databaseUrl })
    await client.connect()
    const files = makeFiles()
    try {
      return await measure(bench, kahub, client, files)
    } finally {
      rmSync(files.directory, { recursive: true, force: true })
      await client.end()
      await kahub.stop()
    }
  }
}
