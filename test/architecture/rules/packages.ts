/** What comes from the registry: exact, the same bytes for everybody, and nothing that runs by being installed. */
import type { Rule, Violation } from '../rule.ts'

type Json = Readonly<Record<string, unknown>>

const LOCK = 'package-lock.json'
const MANIFEST = 'package.json'
const REGISTRY = 'https://registry.npmjs.org/'
const EXACT = /^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/

export const packages: Rule = {
  name: 'packages',
  level: 'error',
  check: ({ manifest, lock }) => [...ranges(object(manifest)), ...locked(object(object(lock)['packages']), object(object(manifest)['allowScripts']))]
}

const object = (value: unknown): Json => (typeof value === 'object' && value !== null ? (value as Json) : {})

const ranges = (manifest: Json): Violation[] =>
  ['dependencies', 'optionalDependencies', 'devDependencies'].flatMap(kind =>
    Object.entries(object(manifest[kind]))
      .filter(([, version]) => !EXACT.test(String(version)))
      .map(([name, version]) => ({ path: MANIFEST, message: `${name} is "${String(version)}" and not one exact version` }))
  )

function locked(entries: Json, allowScripts: Json): Violation[] {
  return Object.entries(entries).flatMap(([path, value]) => {
    const entry = object(value)
    const name = path.replace(/^.*node_modules\//, '')
    if (path === '') return []
    return faults(entry, allowScripts[name] === false).map(message => ({ path: LOCK, message: `${name} ${message}` }))
  })
}

function faults(entry: Json, refused: boolean): string[] {
  const { integrity, resolved, hasInstallScript, dev } = entry
  return [
    ...(typeof integrity === 'string' && integrity.startsWith('sha512-') ? [] : ['has no SHA-512 to be compared with']),
    ...(resolved === undefined || String(resolved).startsWith(REGISTRY) ? [] : [`comes from ${String(resolved)}`]),
    ...(hasInstallScript === true && dev !== true && !refused
      ? ['runs a script when it is installed: refuse it in allowScripts, or leave it out']
      : [])
  ]
}
