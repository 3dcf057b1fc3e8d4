/** One direction between modules, one door for each, no cycle anywhere. */
import { isConverter, isEdge, type ModulePlace, type NamedPlace, type Place, placeOf } from '../places.ts'
import type { Rule, Tree, Violation } from '../rule.ts'
import type { Import, SourceFile } from '../source-file.ts'

/** The only files that may start embedded servers; everything else is given URLs. */
const STARTS_SERVERS = ['services.ts', 'demo.ts']

export const moduleOrder: Rule = {
  name: 'module order and doors',
  level: 'error',
  check: tree => tree.sources.flatMap(file => (placeOf(file.path).kind === 'outside' ? [] : checkFile(file)))
}

function checkFile(file: SourceFile): Violation[] {
  const from = placeOf(file.path)
  if (from.kind === 'unknown') return [{ path: file.path, message: 'has no place in the house: see test/architecture/places.ts' }]
  return file.imports.flatMap(each => {
    const reason = each.target === null ? null : refusal(from, each.target)
    return reason === null ? [] : [{ path: file.path, line: each.line, message: `${reason} (${each.specifier})` }]
  })
}

function refusal(from: Place, target: string): string | null {
  const to = placeOf(target)
  if (to.kind === 'outside') return target.endsWith('package.json') ? null : 'src imports nothing from outside src'
  if (to.kind === 'unknown') return 'imports a file that has no place in the house'
  if (from.kind === 'unknown' || from.kind === 'outside') return null
  if (from.kind === to.kind && from.name === to.name) return null
  if (to.kind === 'embedded') return from.kind === 'top' && STARTS_SERVERS.includes(from.name) ? door(to) : 'only services.ts starts embedded servers'
  switch (from.kind) {
    case 'embedded':
      return 'embedded imports nothing of ours'
    case 'kit':
      return 'kit imports only kit'
    case 'http':
      return to.kind === 'kit' ? null : 'http imports only kit and http'
    case 'module':
      return fromModule(from, to)
    case 'top':
      return to.kind === 'module' || to.kind === 'http' ? door(to) : null
  }
}

function fromModule(from: ModulePlace, to: NamedPlace): string | null {
  if (to.kind === 'kit') return null
  if (to.kind === 'top') return 'a module imports no process and no composition'
  if (to.kind === 'module' && to.rank > from.rank) return `${from.name} comes before ${to.name}: upward reactions go through the outbox`
  return door(to)
}

const door = (to: { readonly name: string; readonly inside: string }): string | null =>
  to.inside === 'index.ts' ? null : `goes past the door of ${to.name}: import ${to.name}/index.ts`

const HTTP_PORTS = new Set(['Authenticate', 'Principal', 'Role'])

/** What src/http leaves to a module to implement. */
const isPort = ({ typeOnly, names }: Import): boolean => typeOnly && names.every(name => HTTP_PORTS.has(name))

/** Fastify, TypeBox and HTTP stay at the edge, also when they come by way of a file of ours. */
export const innerFiles: Rule = {
  name: 'inner code knows no HTTP',
  level: 'error',
  check: tree => tree.sources.flatMap(file => file.imports.flatMap(each => checkInner(file, each)))
}

function checkInner(file: SourceFile, each: Import): Violation[] {
  const from = placeOf(file.path)
  const to = placeOf(each.target ?? '')
  if (from.kind !== 'module' || isEdge(from.inside) || from.inside === 'index.ts') return []
  const message = innerRefusal(from, to, each)
  return message === null ? [] : [{ path: file.path, line: each.line, message }]
}

function innerRefusal(from: ModulePlace, to: Place, each: Import): string | null {
  const converter = isConverter(from.inside)
  if (to.kind === 'http') return converter || isPort(each) ? null : `only routes and schemas import http (${each.specifier})`
  if (to.kind !== 'module' || to.name !== from.name) return null
  if (to.inside === 'index.ts') return 'the door is for others: import the file itself'
  if (isEdge(to.inside)) return converter && each.typeOnly ? null : `commands and repositories do not import routes or schemas (${each.specifier})`
  return null
}

/** Types count too: two files that need each other's types are one file, or a third one is missing. */
export const noCycles: Rule = {
  name: 'no import cycles',
  level: 'error',
  check: tree => findCycles(tree).map(cycle => ({ path: cycle[0] ?? '', message: `is in a cycle: ${[...cycle, cycle[0]].join(' → ')}` }))
}

/** One shortest cycle for each knot, which is a set of files that all reach each other. */
function findCycles(tree: Tree): string[][] {
  const known = new Set(tree.sources.map(({ path }) => path))
  const edges = new Map(
    tree.sources.map(({ path, imports }) => [path, imports.flatMap(({ target }) => (target !== null && known.has(target) ? [target] : []))])
  )
  const shown = new Set<string>()
  const cycles: string[][] = []
  for (const path of [...known].sort()) {
    const cycle = shown.has(path) ? null : shortestWayBack(path, edges)
    if (cycle === null) continue
    cycles.push(cycle)
    const ahead = reachable(path, edges)
    for (const each of ahead) if (reachable(each, edges).has(path)) shown.add(each)
  }
  return cycles
}

function reachable(start: string, edges: ReadonlyMap<string, readonly string[]>): Set<string> {
  const found = new Set<string>()
  const pending = [start]
  for (const path of pending) {
    for (const next of edges.get(path) ?? []) {
      if (found.has(next)) continue
      found.add(next)
      pending.push(next)
    }
  }
  return found
}

function shortestWayBack(start: string, edges: ReadonlyMap<string, readonly string[]>): string[] | null {
  const ways: string[][] = [[start]]
  const seen = new Set<string>()
  for (const way of ways) {
    for (const next of edges.get(way.at(-1) ?? '') ?? []) {
      if (next === start) return way
      if (seen.has(next)) continue
      seen.add(next)
      ways.push([...way, next])
    }
  }
  return null
}
