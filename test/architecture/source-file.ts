/** What the rules know about one source file. Facts only: which of them are allowed is for the rules to say. */
import { posix } from 'node:path'
import { type EcmaScriptModule, parseSync } from 'oxc-parser'
import { collectFacts, type Facts } from './facts.ts'

export interface Import {
  readonly specifier: string
  /** The file in this repository, relative to its root; null for a package. */
  readonly target: string | null
  /** Nothing of it is left at run time. */
  readonly typeOnly: boolean
  /** What is taken from it; empty for a side effect, everything at once, or a dynamic import. */
  readonly names: readonly string[]
  readonly line: number
}

export interface SourceFile extends Omit<Facts, 'loads'> {
  /** Relative to the repository's root, with slashes. */
  readonly path: string
  readonly lines: number
  readonly imports: readonly Import[]
  readonly defaultExports: readonly number[]
  readonly comments: readonly { readonly text: string; readonly line: number }[]
  readonly syntaxError: string | null
}

type LineOf = (offset: number) => number

export function parseSource(path: string, text: string): SourceFile {
  const { program, module, comments, errors } = parseSync(path, text)
  const lineOf = lineCounter(text)
  const { loads, ...facts } = collectFacts(program, lineOf)
  const imports = [...statements(module, text, lineOf), ...loads.map(each => ({ ...each, names: [] }))]
  return {
    ...facts,
    path,
    lines: lineOf(text.trimEnd().length),
    imports: imports.map(each => ({ ...each, target: each.specifier.startsWith('.') ? posix.join(posix.dirname(path), each.specifier) : null })),
    defaultExports: module.staticExports.flatMap(({ entries }) =>
      entries.filter(({ exportName }) => String(exportName.kind) === 'Default' || exportName.name === 'default').map(({ start }) => lineOf(start))
    ),
    comments: comments.map(({ value, start }) => ({ text: value, line: lineOf(start) })),
    syntaxError: errors[0]?.message ?? null
  }
}

function lineCounter(text: string): LineOf {
  const starts = [0, ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1)]
  return offset => {
    let low = 0
    let high = starts.length
    while (high - low > 1) {
      const middle = (low + high) >> 1
      if ((starts[middle] ?? 0) <= offset) low = middle
      else high = middle
    }
    return low + 1
  }
}

/** Import statements, and export statements with a source. */
function statements(module: EcmaScriptModule, text: string, lineOf: LineOf): Omit<Import, 'target'>[] {
  const imports = module.staticImports.map(({ start, moduleRequest, entries }) => ({
    specifier: moduleRequest.value,
    typeOnly: isTypeOnly(text, start),
    names: entries.flatMap(({ importName }) => importName.name ?? []),
    line: lineOf(start)
  }))
  const exports = module.staticExports.flatMap(({ start, entries }) => {
    const specifier = entries.find(each => each.moduleRequest !== null)?.moduleRequest?.value
    if (specifier === undefined) return []
    return [{ specifier, typeOnly: isTypeOnly(text, start), names: entries.flatMap(({ importName }) => importName.name ?? []), line: lineOf(start) }]
  })
  return [...imports, ...exports]
}

/** With `verbatimModuleSyntax`, `import { type X }` still loads the file and `import type { X }` does not. */
const isTypeOnly = (text: string, start: number): boolean => /^(?:import|export)\s+type\b/.test(text.slice(start, start + 20))
