import { dirname } from 'node:path'
import type { Rule, Tree } from './rule.ts'
import { parseSource } from './source-file.ts'

/** Path to text. */
type Files = Readonly<Record<string, string>>

/** By the rule's name. */
export type Cases = Readonly<Record<string, { readonly keeps: Files; readonly breaks: readonly (readonly [files: Files, finding: RegExp])[] }>>

/** A repository of these files: sources are parsed, `.md` are documents, `openapi/openapi.json` is the API. */
function makeTree(files: Files): Tree {
  const entries = Object.entries(files)
  const parsed = (path: string): unknown => (files[path] === undefined ? undefined : JSON.parse(files[path]))
  return {
    sources: entries.filter(([path]) => /\.(ts|cjs)$/.test(path)).map(([path, text]) => parseSource(path, text)),
    documents: entries.filter(([path]) => path.endsWith('.md')).map(([path, text]) => ({ path, text })),
    paths: new Set(entries.flatMap(([path]) => [path, ...foldersOf(path)])),
    openapi: parsed('openapi/openapi.json'),
    manifest: parsed('package.json'),
    lock: parsed('package-lock.json')
  }
}

function foldersOf(path: string): string[] {
  const folder = dirname(path)
  return folder === '.' ? [] : [folder, ...foldersOf(folder)]
}

/** What the rule finds, as `path: message` or `path:line: message`. */
export const findings = (rule: Rule, files: Files): string[] =>
  rule.check(makeTree(files)).map(({ path, line, message }) => `${line === undefined ? path : `${path}:${line}`}: ${message}`)

/** `count` lines of code. */
export const linesOf = (count: number): string => 'work()\n'.repeat(count)
