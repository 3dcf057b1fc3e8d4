/** Writes openapi/openapi.json from the routes; with `--check`, fails if the committed file differs. Needs no database: no handler runs. */
import { readFile, writeFile } from 'node:fs/promises'
import { buildApp } from '../src/app.ts'
import { readConfig } from '../src/config.ts'
import { createLog } from '../src/log.ts'
import { createMetrics } from '../src/metrics.ts'
import type { Services } from '../src/services.ts'

const FILE = new URL('openapi.json', import.meta.url)

/** Only what is touched while routes are registered. */
const services = {
  config: readConfig({}),
  metrics: createMetrics(),
  authenticator: {
    authenticate: () => {
      throw new Error('not here')
    }
  }
} as unknown as Services

const app = await buildApp(services, createLog('silent'))
await app.ready()
const text = `${JSON.stringify(app.swagger(), null, 2)}\n`
await app.close()

if (process.argv.includes('--check')) {
  const committed = await readFile(FILE, 'utf8').catch(() => '')
  if (committed !== text) {
    process.stderr.write('openapi/openapi.json differs from the routes: run `npm run openapi` and commit the result\n')
    process.exit(1)
  }
  process.stdout.write('openapi/openapi.json matches the routes\n')
} else {
  await writeFile(FILE, text)
  process.stdout.write(`wrote openapi/openapi.json (${Object.keys(app.swagger().paths ?? {}).length} paths)\n`)
}
