/** Each rule is seen to fail on a made-up repository that breaks it, and to pass on one that keeps it. */
import t from 'tap'
import { contentCases } from './content-cases.ts'
import { findings } from './made-up-tree.ts'
import { RULES } from './rules.ts'
import { structureCases } from './structure-cases.ts'

const CASES = { ...structureCases, ...contentCases }

t.test('every rule is seen to pass and to fail', async t => {
  t.strictSame(RULES.map(({ name }) => name).sort(), Object.keys(CASES).sort())
})

for (const rule of RULES) {
  t.test(`rule "${rule.name}"`, async t => {
    const { keeps, breaks } = CASES[rule.name] ?? { keeps: {}, breaks: [] }
    t.strictSame(findings(rule, keeps), [], 'passes where it is kept')
    for (const [files, finding] of breaks) {
      const [path = '', text = ''] = Object.entries(files)[0] ?? []
      t.match(findings(rule, files), [finding], `fails on ${path}: ${text.slice(0, 60)}`)
    }
  })
}
