/** Each library has its place; the rest of the code does not know that it exists. */
import { isConverter, isEdge, isRepository, placeOf } from '../places.ts'
import { type Exceptions, type Rule, type Tree, type Violation, withoutExceptions } from '../rule.ts'

interface Door {
  readonly libraries: RegExp
  readonly place: string
  readonly allows: (path: string) => boolean
  /** Where only its types may be named. */
  readonly allowsTypes?: (path: string) => boolean
  readonly exceptions: Exceptions
}

const insideOf = (path: string): string => {
  const place = placeOf(path)
  return place.kind === 'module' ? place.inside : ''
}

const speaksHttp = (path: string): boolean =>
  path.startsWith('src/http/') || path === 'src/app.ts' || path === 'src/system-routes.ts' || isEdge(insideOf(path))

const DOORS: readonly Door[] = [
  {
    libraries: /^(fastify|fastify-plugin|@fastify\/.+|typebox|@sinclair\/typebox)(\/|$)/,
    place: 'routes, schemas and src/http',
    allows: speaksHttp,
    allowsTypes: path => isConverter(insideOf(path)) || path === 'src/server.ts' || path === 'src/worker.ts',
    exceptions: {}
  },
  {
    libraries: /^(drizzle-orm|pg|pg-.+)(\/|$)/,
    place: 'src/kit/db',
    allows: path => path.startsWith('src/kit/db/'),
    exceptions: { 'src/embedded/postgres.ts': 'creates the database that kit/db connects to, and imports nothing of ours' }
  },
  {
    libraries: /^undici(\/|$)/,
    place: 'suppliers/adapters, webhooks/outbound and kit/outbound-http',
    allows: path => /^src\/(suppliers\/adapters\/|webhooks\/outbound\/|kit\/outbound-http)/.test(path),
    exceptions: {}
  },
  {
    libraries: /^(ioredis|redis|@redis\/.+)(\/|$)/,
    place: 'src/kit/redis.ts',
    allows: path => path === 'src/kit/redis.ts',
    exceptions: {}
  }
]

export const libraryDoors: Rule = {
  name: 'library doors',
  level: 'error',
  check: tree => DOORS.flatMap(each => withoutExceptions(tree, strangers(tree, each), each.exceptions))
}

function strangers(tree: Tree, { libraries, place, allows, allowsTypes }: Door): Violation[] {
  const sources = tree.sources.filter(({ path }) => path.startsWith('src/') && !allows(path))
  return sources.flatMap(({ path, imports }) =>
    imports
      .filter(({ specifier, typeOnly }) => libraries.test(specifier) && !(typeOnly && allowsTypes?.(path) === true))
      .map(({ specifier, line }) => ({ path, line, message: `only ${place} may import ${specifier}` }))
  )
}

/** What commands take from kit/db. The rest of it (drizzle's words, `statement`) writes SQL. */
const NOT_SQL = new Set([
  'createDatabase',
  'Db',
  'isLockTimeout',
  'isRetryable',
  'isUniqueViolation',
  'leadsThroughPooler',
  'migrate',
  'Queryable',
  'sqlState',
  'toDomainError',
  'Tx'
])

const SQL_EXCEPTIONS: Exceptions = { 'src/system-routes.ts': 'readiness asks the database whether it is there' }

export const sqlInRepositories: Rule = {
  name: 'SQL in repositories',
  level: 'error',
  check: tree => {
    const sources = tree.sources.filter(({ path }) => path.startsWith('src/') && !path.startsWith('src/kit/') && !isRepository(path))
    const found = sources.flatMap(({ path, imports }) =>
      imports.flatMap(({ target, names, line }) => {
        if (target?.endsWith('/tables.ts')) return [{ path, line, message: 'only repositories import tables' }]
        const sql = target === 'src/kit/db/index.ts' ? names.filter(name => !NOT_SQL.has(name)) : []
        return sql.length === 0 ? [] : [{ path, line, message: `only repositories write SQL (${sql.join(', ')})` }]
      })
    )
    return withoutExceptions(tree, found, SQL_EXCEPTIONS)
  }
}

const ENVIRONMENT_EXCEPTIONS: Exceptions = {
  'src/config.ts': 'the only reader; everything else is given a Config',
  'src/migrate.ts': 'needs one URL and must run where the rest of the configuration is absent',
  'src/launch.cjs': 'runs before anything of ours can be loaded, and marks the process that it starts',
  'src/embedded/postgres-cluster.ts': 'hands PATH on to initdb'
}

const CONSOLE_EXCEPTIONS: Exceptions = { 'src/launch.cjs': 'runs before there is a logger' }
const FETCH_EXCEPTIONS: Exceptions = {
  'src/demo.ts': 'is a client of the API',
  'src/kit/tracing.ts': "calls the operator's own collector, whose address is in the environment"
}

/** Things that are there without an import. */
export const runtimeDoors: Rule = {
  name: 'environment, console and fetch',
  level: 'error',
  check: tree => {
    const sources = tree.sources.filter(({ path }) => path.startsWith('src/'))
    const environment = sources.flatMap(({ path, environmentReads }) =>
      environmentReads.map(line => ({ path, line, message: 'only config.ts reads the environment' }))
    )
    const output = sources.flatMap(({ path, consoleUses }) =>
      consoleUses.map(line => ({ path, line, message: 'logs go to the logger, not to console' }))
    )
    const network = sources.flatMap(({ path, fetchCalls }) =>
      fetchCalls.map(line => ({ path, line, message: 'the global fetch has no address guard: use kit/outbound-http' }))
    )
    return [
      ...withoutExceptions(tree, environment, ENVIRONMENT_EXCEPTIONS),
      ...withoutExceptions(tree, output, CONSOLE_EXCEPTIONS),
      ...withoutExceptions(tree, network, FETCH_EXCEPTIONS)
    ]
  }
}
