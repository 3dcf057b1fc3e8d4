/** The house: what stands where, and in which order. A new module or process file is added here first. */

/** A module imports only modules before it. */
const MODULES = [
  'accounts',
  'ledger',
  'wallet',
  'catalog',
  'pricing',
  'inventory',
  'suppliers',
  'risk',
  'orders',
  'aftersales',
  'settlement',
  'webhooks',
  'facades',
  'provenance',
  'insight',
  'invariants',
  'audit',
  'operations'
]

/** Processes and what composes them. */
const TOP_LEVEL = [
  'app.ts',
  'services.ts',
  'server.ts',
  'rotate-keys.ts',
  'verify-audit.ts',
  'worker.ts',
  'migrate.ts',
  'demo.ts',
  'config.ts',
  'log.ts',
  'metrics.ts',
  'system-routes.ts',
  'embedded-secrets.ts',
  'startup-memory.ts',
  'launch.cjs'
]

/** `inside` is the path within the module or folder. */
export type ModulePlace = { readonly kind: 'module'; readonly name: string; readonly rank: number; readonly inside: string }
export type NamedPlace = ModulePlace | { readonly kind: 'kit' | 'http' | 'embedded' | 'top'; readonly name: string; readonly inside: string }
export type Place = NamedPlace | { readonly kind: 'outside' } | { readonly kind: 'unknown' }

export function placeOf(path: string): Place {
  const [root, name = '', ...rest] = path.split('/')
  if (root !== 'src') return { kind: 'outside' }
  const inside = rest.join('/')
  if (inside === '') return TOP_LEVEL.includes(name) ? { kind: 'top', name, inside: name } : { kind: 'unknown' }
  if (name === 'kit' || name === 'http' || name === 'embedded') return { kind: name, name, inside }
  const rank = MODULES.indexOf(name)
  return rank < 0 ? { kind: 'unknown' } : { kind: 'module', name, rank, inside }
}

/** Speaks HTTP: may know fastify, typebox and `src/http`. */
export const isEdge = (inside: string): boolean => /^(.*\/)?((.+-)?routes\.ts|routes\/.+|(.+-)?schemas\.ts|schemas\/.+|from-api\.ts)$/.test(inside)

/** Between the edge and the inside: may know the edge's types. */
export const isConverter = (inside: string): boolean => /^(.*\/)?(.+-)?convert\.ts$/.test(inside)

/** Speaks SQL. An invariant is one SQL check and nothing else. */
export const isRepository = (path: string): boolean =>
  /\/(repository(-.+)?|.+-repository|tables|.+-tables)\.ts$/.test(path) ||
  /\/repository\/.+\.ts$/.test(path) ||
  /^src\/invariants\/(rules\/.+|check-invariants)\.ts$/.test(path)
