/** Holds the repository to the rules. `--all` also lists what is only worth a look. */
import { dirname } from 'node:path'
import { describe, judge } from './rules.ts'
import { readTree } from './tree.ts'

const root = dirname(dirname(import.meta.dirname))
const findings = judge(await readTree(root))
const errors = findings.filter(({ rule }) => rule.level === 'error')
const warnings = findings.filter(({ rule }) => rule.level === 'warn')
for (const each of errors) process.stdout.write(`${describe(each)}\n`)
if (process.argv.includes('--all')) for (const each of warnings) process.stdout.write(`(worth a look) ${describe(each)}\n`)
else if (warnings.length > 0) process.stdout.write(`${warnings.length} worth a look: node src/launch.cjs test/architecture/audit.ts --all\n`)
process.exitCode = errors.length === 0 ? 0 : 1
