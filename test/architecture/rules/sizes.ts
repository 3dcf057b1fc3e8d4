/** Small enough to be read from top to bottom. */
import type { Rule, Tree, Violation } from '../rule.ts'
import type { SourceFile } from '../source-file.ts'

const FILE_MAX_LINES = 300
const FUNCTION_MAX_LINES = 70
/** Past this a function is worth a second look. */
const FUNCTION_GOOD_LINES = 50
const PARAMETERS_GOOD = 4
const README_MAX_LINES = 150
const MODULE_README_MAX_LINES = 60

type Files = readonly SourceFile[]

const isTest = ({ path }: SourceFile): boolean => path.startsWith('test/')

const longFiles = (files: Files): Violation[] =>
  files.filter(({ lines }) => lines > FILE_MAX_LINES).map(({ path, lines }) => ({ path, message: `has ${lines} lines, more than ${FILE_MAX_LINES}` }))

const longFunctions = (files: Files, good: number): Violation[] =>
  files.flatMap(({ path, functions }) =>
    functions
      .filter(({ lines }) => lines > good)
      .map(({ name, line, lines }) => ({ path, line, message: `function ${name} has ${lines} lines, more than ${good}` }))
  )

const manyParameters = (files: Files): Violation[] =>
  files.flatMap(({ path, functions }) =>
    functions
      .filter(({ parameters }) => parameters > PARAMETERS_GOOD)
      .map(({ name, line, parameters }) => ({ path, line, message: `function ${name} has ${parameters} parameters, more than ${PARAMETERS_GOOD}` }))
  )

function longDocuments({ documents }: Tree): Violation[] {
  return documents.flatMap(({ path, text }) => {
    const lines = text.trimEnd().split('\n').length
    const allowed = linesAllowed(path)
    return lines <= allowed ? [] : [{ path, message: `has ${lines} lines, more than ${allowed}` }]
  })
}

function linesAllowed(path: string): number {
  if (/^README(\.[\w-]+)?\.md$/.test(path)) return README_MAX_LINES
  return /^src\/[^/]+\/README\.md$/.test(path) ? MODULE_README_MAX_LINES : Number.POSITIVE_INFINITY
}

export const sizes: Rule = {
  name: 'sizes',
  level: 'error',
  check: tree => {
    const code = tree.sources.filter(each => !isTest(each))
    return [...longFiles(code), ...longFunctions(code, FUNCTION_MAX_LINES), ...longDocuments(tree)]
  }
}

/** Tests are long where one story is long; code may be, if there is a reason. */
export const sizesWorthALook: Rule = {
  name: 'sizes worth a look',
  level: 'warn',
  check: ({ sources }) => {
    const tests = sources.filter(isTest)
    const code = sources
      .filter(each => !isTest(each))
      .map(each => ({ ...each, functions: each.functions.filter(({ lines }) => lines <= FUNCTION_MAX_LINES) }))
    return [...longFiles(tests), ...longFunctions(tests, FUNCTION_MAX_LINES), ...longFunctions(code, FUNCTION_GOOD_LINES), ...manyParameters(sources)]
  }
}
