/** `npm run soak:pushes -- --pushes 5000 --seed 7`: a server as a user starts it, and suppliers that push everything five times. */
import { randomBytes, randomInt } from 'node:crypto'
import { rmSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { createTempDataDir } from '../../../src/embedded/index.ts'
import { startServer } from '../../support/server.ts'
import { pushStorm } from '../../webhooks/push-storm.ts'

const { values } = parseArgs({
  options: {
    pushes: { type: 'string', default: '5000' },
    times: { type: 'string', default: '5' },
    lanes: { type: 'string', default: '32' },
    seed: { type: 'string', default: String(randomInt(1_000_000_000)) }
  }
})
const options = { seed: Number(values.seed), pushes: Number(values.pushes), times: Number(values.times), lanes: Number(values.lanes), forged: 0.01 }
const dataDir = createTempDataDir('kahub-soak-')
const adminKey = randomBytes(24).toString('hex')
const server = await startServer({ KAHUB_DATA_DIR: dataDir, KAHUB_ADMIN_KEY: adminKey, LOG_LEVEL: 'info' })
try {
  const { faults, ...report } = await pushStorm(
    {
      admin: server.as(adminKey),
      post: async (path, headers, body) => {
        const reply = await fetch(`${server.base}${path}`, { method: 'POST', headers, body })
        return { status: reply.status, headers: Object.fromEntries(reply.headers), body: await reply.json() }
      }
    },
    options
  )
  const invariants = await server.as(adminKey)('GET', '/v1/admin/invariants')
  console.log(JSON.stringify({ ...options, ...report, invariants: invariants.body.ok, faults: faults.length }))
  for (const fault of faults.slice(0, 20)) console.log(fault)
  process.exitCode = faults.length === 0 && invariants.body.ok === true ? 0 : 1
} finally {
  await server.terminate()
  rmSync(dataDir, { recursive: true, force: true })
}
