/**
 * The deterministic simulation: `npm run simulation -- [--operations 2600000] [--seed 1] [--path 3:1] [--shrink] [--bug <name>]`.
 * A red run prints what to type to see it again. With `--bug` a mistake is put into the source first.
 */
import { parseArgs } from 'node:util'
import fc from 'fast-check'
import { plant } from './bugs.ts'

const { values } = parseArgs({
  options: {
    operations: { type: 'string', default: '2600000' },
    seed: { type: 'string' },
    /** Of fast-check: one plan, or how far it was shrunk. */
    path: { type: 'string' },
    bug: { type: 'string' },
    /** Look for a smaller plan that is as red: takes a while. */
    shrink: { type: 'boolean', default: false }
  }
})
if (values.bug !== undefined) plant(values.bug)
const { simulate } = await import('./world.ts')

const STEPS = 200
/** Of one seed. */
const PLANS_PER_ROUND = 100
/** Seeds between two lines of progress. */
const PROGRESS_EVERY = 10

const plans = fc.record({
  seed: fc.noBias(fc.nat()),
  // Shrinks to 0, which is a pause.
  operations: fc.array(fc.noBias(fc.nat()), { minLength: STEPS, maxLength: STEPS })
})

const wanted = Number(values.operations)
const first = values.seed === undefined ? Math.floor(Math.random() * 1_000_000) : Number(values.seed)
const startedAt = performance.now()
const done = { plans: 0, operations: 0, orders: 0, events: 0, commits: 0, trace: 0n }

async function round(seed: number): Promise<boolean> {
  const property = fc.asyncProperty(plans, async plan => {
    const { trace, operations, orders, events, commits } = await simulate(plan)
    done.plans++
    done.operations += operations
    done.orders += orders
    done.events += events
    done.commits += commits
    done.trace = BigInt.asUintN(64, done.trace * 31n + BigInt(`0x${trace}`))
  })
  const report = await fc.check(property, {
    seed,
    numRuns: PLANS_PER_ROUND,
    ...(values.path === undefined ? {} : { path: values.path }),
    endOnFailure: values.shrink !== true
  })
  if (!report.failed || report.counterexample === null) return true
  const bug = values.bug === undefined ? '' : ` --bug "${values.bug}"`
  const [plan] = report.counterexample
  process.stdout.write(
    `${String(report.errorInstance instanceof Error ? report.errorInstance.stack : report.errorInstance)}\n` +
      `${plan.operations.filter(each => each !== 0).length} of ${STEPS} steps are left: ${JSON.stringify(plan)}\n` +
      `Again: npm run simulation -- --seed ${seed} --path ${report.counterexamplePath}${bug}\n`
  )
  return false
}

for (let seed = first; done.operations < wanted; seed++) {
  const isGreen = await round(seed)
  const seconds = (performance.now() - startedAt) / 1000
  if (isGreen && done.operations < wanted && done.plans % (PROGRESS_EVERY * PLANS_PER_ROUND) !== 0) continue
  process.stdout.write(
    `seed ${seed}: ${done.plans} plans x ${STEPS} steps, ${done.operations} operations, ${done.orders} orders, ${done.commits} commits, ` +
      `${done.events} events in ${seconds.toFixed(1)} s; trace ${done.trace.toString(16)}\n`
  )
  if (!isGreen) process.exitCode = 1
  if (!isGreen || values.path !== undefined) break
}
