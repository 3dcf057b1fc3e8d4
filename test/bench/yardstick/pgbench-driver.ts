/** The yardstick with PostgreSQL's own load generator, where the machine has one: it costs less processor time than any driver in Node. */
import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createHistogram, type Histogram, percentile, record } from '../histogram.ts'
import type { YardstickDriver, YardstickResult, YardstickRun } from './contract.ts'
import { STEPS } from './schema.ts'

const RANDOM_MAX = '9000000000000000000'

/** The same statements with pgbench's variables; `\gset` keeps what a statement returns, and fails when it returns no row. */
function script({ skus, wallets }: YardstickRun): string {
  const fill = (text: string, ...names: string[]): string =>
    names.reduce((sql, name, index) => sql.replaceAll(`$${index + 1}`, `:${name}`), text).replaceAll(/\s+/g, ' ')
  return [
    `\\set wallet random(1, ${wallets})`,
    `\\set sku random(1, ${skus})`,
    `\\set key random(1, ${RANDOM_MAX})`,
    'BEGIN;',
    `${fill(STEPS.order, 'wallet', 'key', 'sku')} \\gset order_`,
    `${fill(STEPS.card, 'order_id', 'sku')} \\gset card_`,
    `${fill(STEPS.entries, 'wallet', 'order_id')};`,
    `${fill(STEPS.outbox, 'order_id', 'sku')};`,
    `${fill(STEPS.wallet, 'wallet')} \\gset wallet_`,
    'COMMIT;',
    ''
  ].join('\n')
}

/** Null where there is no pgbench on the PATH. */
export function createPgbenchDriver(databaseUrl: string): YardstickDriver | null {
  let version: string
  try {
    version = execFileSync('pgbench', ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch {
    return null
  }
  const directory = mkdtempSync(join(tmpdir(), `kahub-bench-${process.pid}-pgbench-`))
  return {
    name: `pgbench ${/\d[\d.]*/.exec(version)?.[0] ?? ''}`,
    run: run => execute(databaseUrl, directory, run),
    stop: async () => rmSync(directory, { recursive: true, force: true })
  }
}

async function execute(databaseUrl: string, directory: string, run: YardstickRun): Promise<YardstickResult> {
  const { username, password, hostname, port, pathname } = new URL(databaseUrl)
  const file = join(directory, 'order.sql')
  writeFileSync(file, script(run))
  const { stdout } = await promisify(execFile)(
    'pgbench',
    ['-n', '-M', 'prepared', '-c', `${run.clients}`, '-j', '1', '-T', `${Math.ceil(run.seconds)}`, '-f', file, '-l', '--log-prefix=tx'],
    { cwd: directory, env: { ...process.env, PGUSER: username, PGPASSWORD: password, PGHOST: hostname, PGPORT: port, PGDATABASE: pathname.slice(1) } }
  )
  const rate = /tps = ([\d.]+) \(without initial connection time\)/.exec(stdout)?.[1]
  const orders = /number of transactions actually processed: (\d+)/.exec(stdout)?.[1]
  if (rate === undefined || orders === undefined || /aborted/.test(stdout)) throw new Error(`pgbench failed: ${stdout}`)
  const latencies = readLatencies(directory)
  return { perSecond: Number(rate), orders: Number(orders), p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99) }
}

/** A line of the log is `client transaction microseconds script epoch microseconds`. */
function readLatencies(directory: string): Histogram {
  const latencies = createHistogram()
  for (const name of readdirSync(directory).filter(each => each.startsWith('tx.'))) {
    const path = join(directory, name)
    for (const line of readFileSync(path, 'latin1').split('\n')) {
      const micros = line.split(' ')[2]
      if (micros !== undefined) record(latencies, Number(micros) / 1_000)
    }
    rmSync(path)
  }
  return latencies
}
