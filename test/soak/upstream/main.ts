/** `npm run soak:upstream`: 20,000 orders from suppliers that fail in every way. Ends with 1 if the books differ in anything. */
import { rmSync } from 'node:fs'
import { createTempDataDir, startEmbeddedPostgres, startEmbeddedValkey } from '../../../src/embedded/index.ts'
import { type Options, readOptions, USAGE } from './options.ts'
import { type SoakReport, soak } from './soak.ts'

const FAULTS_SHOWN = 40

const log = (line: string): void => void process.stderr.write(`${line}\n`)

async function run(options: Options): Promise<SoakReport> {
  const dataDir = createTempDataDir('kahub-soak-')
  const postgres = await startEmbeddedPostgres({ dataDir })
  const valkey = await startEmbeddedValkey()
  try {
    return await soak({ databaseUrl: postgres.url, redisUrl: valkey.url, isDurable: true }, options, log)
  } finally {
    await Promise.all([postgres.stop(), valkey.stop()])
    rmSync(dataDir, { recursive: true, force: true })
  }
}

const options = readOptions(process.argv.slice(2))
if (options === null) log(USAGE)
else {
  const { seed, orders, kills, suppliers } = options
  log(`seed ${seed}: ${orders} orders, ${kills} kills, suppliers ${suppliers.join(' ')}`)
  const { faults, ...report } = await run(options)
  process.stdout.write(`${JSON.stringify({ seed, ...report, faults: faults.length }, null, 2)}\n`)
  for (const fault of faults.slice(0, FAULTS_SHOWN)) log(`WRONG: ${fault}`)
  if (faults.length > 0) {
    log(`again: npm run soak:upstream -- --seed ${seed} --orders ${orders} --kills ${kills} --suppliers ${suppliers.join(',')}`)
    process.exitCode = 1
  }
}
