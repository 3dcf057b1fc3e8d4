/**
 * `npm run mutants [-- --only name,…]`: the checks are checked. Each seeded bug is written into a copy of the tree, alone, and the check
 * that it maps to has to turn red; before that, every one of these checks has to be green without a bug.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ROOT } from '../rig/child.ts'
import type { Check, Mutant } from './mutant.ts'
import { MUTANTS } from './mutants.ts'

const COPIED = ['src', 'test', 'migrations', 'openapi', 'package.json', 'tsconfig.json', '.taprc']
/** Short rounds without wrong clocks: a bug that is there all the time shows at once. */
const CHAOS = ['--seconds', '12', '--seed', '7', '--no-skew', '--no-failpoints']
const RUN_MAX_MS = 300_000
/** Of a red run, what it was red for. */
const REASON = /^ *(?:BROKEN: (.+)|not ok \d+ - (.+?)(?: # .*)?)$/gm
/** Where a red round left its files. */
const FILES = /^ {2}its files: (.+)$/gm
const REASONS_SHOWN = 3
const REASON_CHARACTERS = 80

type Verdict = { readonly green: boolean; readonly reason: string }

function copyTree(): string {
  const tree = mkdtempSync(join(tmpdir(), 'kahub-mutants-'))
  for (const name of COPIED) cpSync(join(ROOT, name), join(tree, name), { recursive: true })
  symlinkSync(join(ROOT, 'node_modules'), join(tree, 'node_modules'))
  return tree
}

const commandOf = (check: Check): string[] =>
  check.kind === 'test' ? ['test/run.ts', check.file] : ['test/chaos/main.ts', ...CHAOS, '--faults', check.faults]

function run(tree: string, check: Check): Verdict {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['src/launch.cjs', ...commandOf(check)], {
    cwd: tree,
    encoding: 'utf8',
    timeout: RUN_MAX_MS,
    maxBuffer: 2 ** 28
  })
  for (const [, path = ''] of stdout.matchAll(FILES)) rmSync(path, { recursive: true, force: true })
  const reasons = [...stdout.matchAll(REASON)].map(([, broken, failed = '']) => (broken ?? failed).slice(0, REASON_CHARACTERS))
  return { green: status === 0, reason: reasons.slice(0, REASONS_SHOWN).join(', ') || stderr.trim().split('\n').at(-1) || `ended with ${status}` }
}

/** Throws if the code has moved away from under a bug: then it has to be written anew. */
function apply(tree: string, { name, edits }: Mutant): () => void {
  const before = new Map<string, string>()
  for (const { file, find, replace } of edits) {
    const path = join(tree, file)
    const text = readFileSync(path, 'utf8')
    if (!before.has(path)) before.set(path, text)
    if (text.split(find).length !== 2) throw new Error(`"${name}" does not apply: ${file} does not hold it exactly once`)
    writeFileSync(
      path,
      text.replace(find, () => replace)
    )
  }
  return () => {
    for (const [path, text] of before) writeFileSync(path, text)
  }
}

function main(): void {
  const { values } = parseArgs({
    options: { only: { type: 'string', default: '' }, 'no-baseline': { type: 'boolean', default: false }, dry: { type: 'boolean', default: false } }
  })
  const wanted = values.only.split(',').filter(name => name !== '')
  const chosen = MUTANTS.filter(({ name }) => wanted.length === 0 || wanted.some(each => name.includes(each)))
  const tree = copyTree()
  let failed = 0
  const line = (ok: boolean, text: string): void => {
    if (!ok) failed++
    process.stdout.write(`${ok ? 'ok  ' : 'FAIL'} ${text}\n`)
  }
  try {
    for (const mutant of MUTANTS) apply(tree, mutant)()
    if (values.dry) return void process.stdout.write(`${MUTANTS.length} bugs apply\n`)
    const checks = new Map(chosen.map(({ check }) => [commandOf(check).join(' '), check]))
    for (const [command, check] of values['no-baseline'] ? [] : checks) {
      const { green, reason } = run(tree, check)
      line(green, `without a bug: ${command}${green ? '' : ` is red: ${reason}`}`)
    }
    for (const mutant of chosen) {
      const undo = apply(tree, mutant)
      const { green, reason } = run(tree, mutant.check)
      undo()
      line(
        !green,
        `${mutant.name} | ${mutant.check.kind === 'test' ? mutant.check.file : `chaos ${mutant.check.faults}`} | ${green ? 'SURVIVED' : reason}`
      )
    }
  } finally {
    rmSync(tree, { recursive: true, force: true })
  }
  process.stdout.write(`${chosen.length} bugs, ${failed} failed\n`)
  if (failed > 0) process.exitCode = 1
}

main()
