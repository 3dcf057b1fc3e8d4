import type { SourceFile } from './source-file.ts'

/** The repository as the rules see it. They are pure functions over this, so that a test can hand them a made-up one. */
export interface Tree {
  readonly sources: readonly SourceFile[]
  readonly documents: readonly { readonly path: string; readonly text: string }[]
  /** Every file and folder. */
  readonly paths: ReadonlySet<string>
  /** The parsed openapi/openapi.json; undefined while there is none. */
  readonly openapi: unknown
  /** The parsed package.json and package-lock.json; undefined in a made-up tree without them. */
  readonly manifest: unknown
  readonly lock: unknown
}

export interface Violation {
  readonly path: string
  readonly line?: number
  readonly message: string
}

export interface Rule {
  readonly name: string
  /** `warn` is shown and counted, and fails nothing. */
  readonly level: 'error' | 'warn'
  check(tree: Tree): Violation[]
}

/** A file that may do what its rule forbids, and why. */
export type Exceptions = Readonly<Record<string, string>>

/** An exception that nobody needs any more hides the next mistake. */
export function withoutExceptions(tree: Tree, found: readonly Violation[], exceptions: Exceptions): Violation[] {
  const stale = Object.keys(exceptions).filter(path => tree.paths.has(path) && !found.some(each => each.path === path))
  return [
    ...found.filter(({ path }) => !Object.hasOwn(exceptions, path)),
    ...stale.map(path => ({ path, message: 'is listed as an exception and needs none: take it off the list' }))
  ]
}
