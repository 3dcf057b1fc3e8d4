/**
 * `npm run check [-- step …]`: all that has to hold besides the tests. One line for each step; what a tool says is shown only when it
 * objects. Every tool runs on the Node that runs this, whichever Node the machine has.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { dirname } from 'node:path'

const ROOT = dirname(dirname(import.meta.dirname))
/** The tools are single-threaded in the main; more at once only makes small machines swap. */
const PARALLEL_STEPS = 2
/** A tool that takes longer hangs. */
const STEP_MAX_MS = 300_000

interface Step {
  readonly name: string
  /** Scripts for node, with their arguments, one after the other. */
  readonly commands: readonly (readonly string[])[]
}

interface Result {
  readonly ok: boolean
  readonly output: string
}

const STEPS: readonly Step[] = [
  { name: 'migrations', commands: [['test/migrations/check.ts']] },
  { name: 'types', commands: [['node_modules/typescript/bin/tsc', '--noEmit']] },
  { name: 'lint', commands: [['node_modules/@biomejs/biome/bin/biome', 'ci', '--colors=off', '--max-diagnostics=100', '.']] },
  { name: 'architecture', commands: [['test/architecture/audit.ts']] },
  { name: 'dead-code', commands: [['node_modules/knip/bin/knip.js', '--no-progress']] },
  { name: 'openapi-drift', commands: [['openapi/write.ts', '--check']] },
  {
    name: 'openapi-lint',
    commands: [
      ['node_modules/@redocly/cli/bin/cli.js', 'lint', 'openapi/openapi.json', '--config=.redocly.yaml', '--format=stylish'],
      ['node_modules/@stoplight/spectral-cli/dist/index.js', 'lint', 'openapi/openapi.json', '--ruleset=.spectral.yaml', '--fail-severity=warn']
    ]
  }
]

/** Nothing is sent anywhere, and nothing is asked for updates. */
const ENVIRONMENT = { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0', REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' }

const running = new Set<ChildProcess>()
let interrupted = false

function runCommand(command: readonly string[]): Promise<Result> {
  const child = spawn(process.execPath, command, { cwd: ROOT, env: ENVIRONMENT, stdio: ['ignore', 'pipe', 'pipe'], timeout: STEP_MAX_MS })
  running.add(child)
  const output: Buffer[] = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => output.push(chunk))
  return new Promise(resolve => {
    child.on('error', error => output.push(Buffer.from(`${error.message}\n`)))
    child.on('close', (code, signal) => {
      running.delete(child)
      if (signal !== null) output.push(Buffer.from(`ended by ${signal}\n`))
      resolve({ ok: code === 0, output: Buffer.concat(output).toString('utf8') })
    })
  })
}

async function runStep({ name, commands }: Step): Promise<boolean> {
  const startedAt = performance.now()
  const results: Result[] = []
  for (const command of commands) results.push(await runCommand(command))
  const ok = results.every(each => each.ok)
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  process.stdout.write(`${ok ? 'ok  ' : 'FAIL'} ${name} (${seconds} s)\n`)
  for (const each of results) if (!each.ok) process.stdout.write(`${each.output.trimEnd().replaceAll(/^/gm, '     ')}\n`)
  return ok
}

async function runSteps(steps: readonly Step[]): Promise<boolean[]> {
  const waiting = [...steps]
  const results: boolean[] = []
  const lane = async (): Promise<void> => {
    for (let step = waiting.shift(); step !== undefined && !interrupted; step = waiting.shift()) results.push(await runStep(step))
  }
  await Promise.all(Array.from({ length: PARALLEL_STEPS }, lane))
  return results
}

function chooseSteps(wanted: readonly string[]): readonly Step[] {
  const unknown = wanted.filter(name => !STEPS.some(step => step.name === name))
  if (unknown.length > 0) throw new Error(`There is no step ${unknown.join(', ')}; there are ${STEPS.map(step => step.name).join(', ')}.`)
  return wanted.length === 0 ? STEPS : STEPS.filter(step => wanted.includes(step.name))
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    interrupted = true
    for (const child of running) child.kill('SIGTERM')
  })
}

try {
  const results = await runSteps(chooseSteps(process.argv.slice(2)))
  const failed = results.filter(ok => !ok).length
  process.stdout.write(`${results.length - failed} passed, ${failed} failed\n`)
  if (failed > 0 || interrupted) process.exitCode = 1
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
