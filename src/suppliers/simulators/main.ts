/** `npm run simulate -- <name> [--port n] [--seed n] [--notify-url url] [--delay ms] [--faults '{"timeout_after":0.1}']` */
import { parseArgs } from 'node:util'
import { FAULTS } from './faults.ts'
import { readBody } from './protocol.ts'
import { PROTOCOLS } from './registry.ts'
import { startSimulator } from './simulator.ts'

const USAGE = `usage: npm run simulate -- <name> [--port n] [--seed n] [--notify-url url] [--delay ms] [--faults '{"timeout_after":0.1}']
names:  ${PROTOCOLS.map(({ name }) => name).join(' ')}
faults: ${FAULTS.join(' ')}
`

async function main(): Promise<void> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      port: { type: 'string' },
      seed: { type: 'string' },
      'notify-url': { type: 'string' },
      delay: { type: 'string' },
      faults: { type: 'string' }
    }
  })
  const protocol = PROTOCOLS.find(({ name }) => name === positionals[0])
  if (protocol === undefined) {
    process.stderr.write(USAGE)
    process.exitCode = 2
    return
  }
  const notifyUrl = values['notify-url']
  const port = Number(values.port ?? 0)
  const simulator = await startSimulator(protocol, {
    port,
    seed: Number(values.seed ?? 1),
    delayMs: Number(values.delay ?? 0),
    ...(notifyUrl === undefined ? {} : { notifyUrl })
  })
  simulator.plan.rates(readBody(values.faults ?? '{}'))
  const products = [...simulator.shop.products.values()].map(({ code, name }) => `  ${code}  ${name}`)
  process.stdout.write(
    `${protocol.name} listens on ${simulator.origin}\n\nPOST /v1/admin/suppliers with\n${JSON.stringify({ name: protocol.name, adapter: protocol.name, config: simulator.config }, null, 2)}\n\n` +
      `products:\n${products.join('\n')}\n\nits book: curl -H 'x-sim-token: ${simulator.controlToken}' ${simulator.origin}/__sim/book\n`
  )
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void simulator.close())
}

await main()
