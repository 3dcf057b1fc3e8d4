import { execFile } from 'node:child_process'
import { availableParallelism } from 'node:os'
import t from 'tap'
import { BUGS } from './bugs.ts'

interface Run {
  readonly code: number
  readonly output: string
}

const run = (...args: readonly string[]): Promise<Run> =>
  new Promise(resolve => {
    execFile(process.execPath, ['test/simulation/main.ts', ...args], { maxBuffer: 10_000_000 }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), output: stdout + stderr })
    )
  })

const traceOf = ({ output }: Run): string | undefined => output.match(/trace ([0-9a-f]+)/g)?.at(-1)

t.test('a hundred thousand operations of processes that crash, on a database that breaks, lose and double nothing', async t => {
  const { code, output } = await run('--operations', '100000', '--seed', '20261123')
  t.equal(code, 0, output)
})

t.test('the same seed is the same run, and another seed is another', async t => {
  const [first, again, other] = [
    await run('--operations', '5000', '--seed', '7'),
    await run('--operations', '5000', '--seed', '7'),
    await run('--operations', '5000', '--seed', '8')
  ]
  t.match(traceOf(first), /trace [0-9a-f]{6,}/)
  t.equal(traceOf(first), traceOf(again))
  t.not(traceOf(first), traceOf(other))
})

t.test('each mistake that is put into the source is found, and what is printed plays it again', async t => {
  const names = Object.keys(BUGS)
  const found = new Map<string, Run>()
  const next = async (): Promise<void> => {
    for (let name = names.pop(); name !== undefined; name = names.pop())
      found.set(name, await run('--bug', name, '--seed', '1', '--operations', '400000'))
  }
  await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, next))
  for (const [name, { code, output }] of found) t.not(code, 0, `${name}: ${output}`)

  const [name = '', red] = [...found][0] ?? []
  const [, seed = '', path = ''] = /--seed (\d+) --path (\S+)/.exec(red?.output ?? '') ?? []
  const again = await run('--bug', name, '--seed', seed, '--path', path)
  t.not(again.code, 0, again.output)
  const [reason] = (red?.output ?? '').split('\n')
  t.equal(again.output.split('\n')[0], reason, 'for the same reason')
})
