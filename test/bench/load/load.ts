/** Load on kahub from one or several generator processes, added up. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { addUp } from '../histogram.ts'
import type { FromGenerator, LoadPlan, LoadResult, LoadRun, ToGenerator } from './contract.ts'

export interface Load {
  /** Connections that could not be opened. */
  readonly failed: number
  run(run: LoadRun): Promise<LoadResult>
  close(): Promise<void>
}

/** A process for some hundred connections is enough: reading an answer costs a generator about a tenth of what giving it costs kahub. */
export async function openLoad(plan: LoadPlan, processes = 1): Promise<Load> {
  const children = Array.from({ length: processes }, startGenerator)
  const share = Math.ceil(plan.connections / processes)
  const opened = await Promise.all(
    children.map((child, index) => {
      const connections = Math.max(0, Math.min(share, plan.connections - index * share))
      return converse(child, { type: 'open', plan: { ...plan, connections } }, 'opened')
    })
  )
  return {
    failed: opened.reduce((sum, each) => sum + each.failed, 0),
    run: async run => {
      const limit = run.limit === undefined ? {} : { limit: Math.ceil(run.limit / processes) }
      const rate = run.perSecond === undefined ? {} : { perSecond: run.perSecond / processes }
      const done = await Promise.all(children.map(child => converse(child, { type: 'run', run: { ...run, ...limit, ...rate } }, 'done')))
      return combine(done.map(({ result }) => result))
    },
    close: async () => {
      await Promise.all(children.map(stopGenerator))
    }
  }
}

const startGenerator = (): ChildProcess =>
  fork(join(import.meta.dirname, 'generator-process.ts'), [], { serialization: 'advanced', stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })

async function stopGenerator(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  await converse(child, { type: 'close' }, 'closed')
  child.disconnect()
  await once(child, 'exit')
}

async function converse<T extends FromGenerator['type']>(
  child: ChildProcess,
  message: ToGenerator,
  expected: T
): Promise<Extract<FromGenerator, { type: T }>> {
  const answer = new Promise<FromGenerator>((resolve, reject) => {
    const died = (code: number | null): void => reject(new Error(`a load generator ended with ${code}`))
    child.once('exit', died)
    child.once('message', (from: FromGenerator) => {
      child.off('exit', died)
      resolve(from)
    })
  })
  child.send(message)
  const from = await answer
  if (from.type !== expected) throw new Error(`a load generator said ${from.type}`)
  return from as Extract<FromGenerator, { type: T }>
}

function combine(results: readonly LoadResult[]): LoadResult {
  const sum = (of: (result: LoadResult) => number): number => results.reduce((total, result) => total + of(result), 0)
  const seconds = Math.max(...results.map(result => result.seconds))
  const length = Math.max(...results.map(result => result.perSecond.length))
  return {
    seconds,
    answers: sum(result => result.answers),
    successes: sum(result => result.successes),
    placed: sum(result => result.placed),
    refusals: addCounts(results.map(result => result.refusals)),
    errors: addCounts(results.map(result => result.errors)),
    latencies: addUp(results.map(result => result.latencies)),
    serials: joinSerials(results.map(result => result.serials)),
    perSecond: Array.from({ length }, (_, second) => sum(result => result.perSecond[second] ?? 0)),
    cpuSeconds: sum(result => result.cpuSeconds)
  }
}

function addCounts(all: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const each of all) for (const [name, count] of Object.entries(each)) counts[name] = (counts[name] ?? 0) + count
  return counts
}

function joinSerials(all: readonly Uint32Array[]): Uint32Array<ArrayBuffer> {
  const joined = new Uint32Array(all.reduce((length, each) => length + each.length, 0))
  let at = 0
  for (const each of all) {
    joined.set(each, at)
    at += each.length
  }
  return joined
}
