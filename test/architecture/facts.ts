/** Walks a syntax tree once and notes what the rules ask about. */
import {
  type ArrowFunctionExpression,
  type CallExpression,
  type Expression,
  type ForInStatement,
  type ForOfStatement,
  type Function as FunctionNode,
  type Node,
  type Program,
  type VariableDeclarator,
  Visitor
} from 'oxc-parser'

export interface Facts {
  readonly functions: readonly { readonly name: string; readonly line: number; readonly lines: number; readonly parameters: number }[]
  /** Loaded other than by an import or export statement: require(), import(), import() in a type. */
  readonly loads: readonly { readonly specifier: string; readonly typeOnly: boolean; readonly line: number }[]
  readonly anyTypes: readonly number[]
  readonly environmentReads: readonly number[]
  readonly consoleUses: readonly number[]
  readonly fetchCalls: readonly number[]
  /** An await that a `for…of` or `for…in` repeats, without a function in between. `for await` is a stream and is none. */
  readonly awaitsInLoops: readonly number[]
  /** Waiting for time to pass. */
  readonly sleeps: readonly { readonly ms: number; readonly line: number }[]
  /** `.only`, `.skip`, `.todo` and the options of the same names. */
  readonly skips: readonly { readonly what: string; readonly line: number }[]
}

type AnyFunction = FunctionNode | ArrowFunctionExpression
type LineOf = (offset: number) => number

const TEST_OBJECTS = new Set(['t', 'tap', 'test', 'it', 'describe', 'suite'])
const TEST_MODIFIERS = new Set(['only', 'skip', 'todo'])
const SLEEP_NAMES = new Set(['sleep', 'delay', 'pause', 'wait'])

const isFunction = (node: Node): node is AnyFunction => node.type === 'ArrowFunctionExpression' || node.type === 'FunctionExpression'
const nameOf = (node: Node): string | null =>
  node.type === 'Identifier' ? node.name : node.type === 'Literal' && typeof node.value === 'string' ? node.value : null
const textOf = (node: Node | undefined): string | null => (node?.type === 'Literal' && typeof node.value === 'string' ? node.value : null)

/** The property that a member expression reads, if it is written out. */
function memberOf(node: Node): { object: Expression; property: string } | null {
  if (node.type !== 'MemberExpression') return null
  const property = node.computed ? textOf(node.property) : nameOf(node.property)
  return property === null || node.object.type === 'Super' ? null : { object: node.object, property }
}

/** `createRequire(…)`, however it was imported. */
const isCreateRequire = (node: Node): boolean =>
  node.type === 'CallExpression' && (nameOf(node.callee) ?? memberOf(node.callee)?.property) === 'createRequire'

export function collectFacts(program: Program, lineOf: LineOf): Facts {
  const walks = [functionFacts(lineOf), loadFacts(lineOf), runtimeFacts(lineOf), loopFacts(lineOf), sleepFacts(lineOf), skipFacts(lineOf)] as const
  for (const { visitor } of walks) visitor.visit(program)
  const [functions, loads, runtime, loops, sleeps, skips] = walks
  return {
    functions: functions.found,
    loads: loads.found,
    ...runtime.found,
    awaitsInLoops: loops.found,
    sleeps: sleeps.found(),
    skips: skips.found
  }
}

function functionFacts(lineOf: LineOf) {
  const found: Facts['functions'][number][] = []
  const names = new Map<Node, string>()
  const name = (value: Node | null, key: Node): void => {
    if (value !== null) names.set(value, nameOf(key) ?? '(computed)')
  }
  /** The inner ones of `a => b => …` are the same lines once more. */
  const curried = new Set<Node>()
  const note = (node: AnyFunction): void => {
    if (node.body !== null && isFunction(node.body)) curried.add(node.body)
    if (curried.has(node)) return
    const line = lineOf(node.start)
    const own = node.type === 'ArrowFunctionExpression' ? null : (node.id?.name ?? null)
    const parameters = node.params.filter(each => !('name' in each && each.name === 'this')).length
    found.push({ name: own ?? names.get(node) ?? '(anonymous)', line, lines: lineOf(node.end) - line + 1, parameters })
  }
  const visitor = new Visitor({
    VariableDeclarator: node => name(node.init, node.id),
    Property: node => name(node.value, node.key),
    MethodDefinition: node => name(node.value, node.key),
    PropertyDefinition: node => name(node.value, node.key),
    FunctionDeclaration: note,
    FunctionExpression: note,
    ArrowFunctionExpression: note
  })
  return { visitor, found }
}

function loadFacts(lineOf: LineOf) {
  const found: Facts['loads'][number][] = []
  const requires = new Set(['require'])
  const note = (source: Node | undefined, typeOnly: boolean): void => {
    const specifier = textOf(source)
    if (source !== undefined && specifier !== null) found.push({ specifier, typeOnly, line: lineOf(source.start) })
  }
  const visitor = new Visitor({
    VariableDeclarator: ({ id, init }: VariableDeclarator) => {
      if (init !== null && isCreateRequire(init)) requires.add(nameOf(id) ?? '')
    },
    CallExpression: ({ callee, arguments: args }: CallExpression) => {
      if (isCreateRequire(callee) || requires.has(nameOf(callee) ?? '')) note(args[0], false)
    },
    ImportExpression: node => note(node.source, false),
    TSImportType: node => note(node.source, true)
  })
  return { visitor, found }
}

function runtimeFacts(lineOf: LineOf) {
  const found = { anyTypes: [] as number[], environmentReads: [] as number[], consoleUses: [] as number[], fetchCalls: [] as number[] }
  const visitor = new Visitor({
    TSAnyKeyword: node => found.anyTypes.push(lineOf(node.start)),
    MemberExpression: node => {
      const { object, property } = memberOf(node) ?? {}
      const owner = object === undefined ? null : nameOf(object)
      if (owner === 'process' && property === 'env') found.environmentReads.push(lineOf(node.start))
      if (owner === 'console') found.consoleUses.push(lineOf(node.start))
    },
    VariableDeclarator: ({ id, init }: VariableDeclarator) => {
      if (init === null || nameOf(init) !== 'process' || id.type !== 'ObjectPattern') return
      if (id.properties.some(each => each.type === 'Property' && nameOf(each.key) === 'env')) found.environmentReads.push(lineOf(id.start))
    },
    ImportDeclaration: node => {
      const isProcess = node.source.value === 'node:process' || node.source.value === 'process'
      const takesEnv = node.specifiers.some(each => each.type === 'ImportSpecifier' && nameOf(each.imported) === 'env')
      if (isProcess && takesEnv) found.environmentReads.push(lineOf(node.start))
    },
    CallExpression: node => {
      if (nameOf(node.callee) === 'fetch' || (memberOf(node.callee)?.property === 'fetch' && isGlobal(node.callee)))
        found.fetchCalls.push(lineOf(node.start))
    }
  })
  return { visitor, found }
}

const isGlobal = (callee: Node): boolean => {
  const object = memberOf(callee)?.object
  return object !== undefined && nameOf(object) === 'globalThis'
}

function loopFacts(lineOf: LineOf) {
  const found: number[] = []
  /** Enclosing functions (null) and loops (where their body begins), innermost last. */
  const scopes: (number | null)[] = []
  const enterFunction = (): void => void scopes.push(null)
  const enterLoop = (node: ForOfStatement | ForInStatement): void => {
    if (node.type !== 'ForOfStatement' || !node.await) scopes.push(node.body.start)
  }
  const leaveLoop = (node: ForOfStatement | ForInStatement): void => {
    if (node.type !== 'ForOfStatement' || !node.await) scopes.pop()
  }
  const leave = (): void => void scopes.pop()
  const visitor = new Visitor({
    FunctionDeclaration: enterFunction,
    'FunctionDeclaration:exit': leave,
    FunctionExpression: enterFunction,
    'FunctionExpression:exit': leave,
    ArrowFunctionExpression: enterFunction,
    'ArrowFunctionExpression:exit': leave,
    ForOfStatement: enterLoop,
    'ForOfStatement:exit': leaveLoop,
    ForInStatement: enterLoop,
    'ForInStatement:exit': leaveLoop,
    AwaitExpression: node => {
      const innermost = scopes.at(-1)
      if (innermost !== null && innermost !== undefined && node.start >= innermost) found.push(lineOf(node.start))
    }
  })
  return { visitor, found }
}

function sleepFacts(lineOf: LineOf) {
  const sleepers = new Set(SLEEP_NAMES)
  const resolvers = new Set<string>()
  const constants = new Map<string, number>()
  const waits: { amount: Node; line: number }[] = []
  const visitor = new Visitor({
    ImportDeclaration: node => {
      if (node.source.value !== 'node:timers/promises' && node.source.value !== 'timers/promises') return
      for (const each of node.specifiers) if (each.type === 'ImportSpecifier' && nameOf(each.imported) === 'setTimeout') sleepers.add(each.local.name)
    },
    VariableDeclarator: ({ id, init }: VariableDeclarator) => {
      if (init?.type === 'Literal' && typeof init.value === 'number') constants.set(nameOf(id) ?? '', init.value)
    },
    NewExpression: node => {
      const executor = node.arguments[0]
      const resolve = executor !== undefined && isFunction(executor) ? executor.params[0] : undefined
      if (nameOf(node.callee) === 'Promise' && resolve !== undefined && 'name' in resolve) resolvers.add(resolve.name)
    },
    CallExpression: ({ callee, arguments: args, start }: CallExpression) => {
      const called = nameOf(callee)
      const [first, second] = args
      const amount =
        called !== null && sleepers.has(called)
          ? first
          : called === 'setTimeout' && first !== undefined && wakes(first, resolvers)
            ? second
            : undefined
      if (amount !== undefined) waits.push({ amount, line: lineOf(start) })
    }
  })
  const msOf = (amount: Node): number => {
    if (amount.type === 'Literal') return Number(amount.value)
    return constants.get(nameOf(amount) ?? '') ?? 0
  }
  return { visitor, found: () => waits.map(({ amount, line }) => ({ ms: msOf(amount), line })) }
}

/** A timer's callback that does nothing but resolve a promise. */
function wakes(callback: Node, resolvers: ReadonlySet<string>): boolean {
  if (callback.type === 'Identifier') return resolvers.has(callback.name)
  const body = callback.type === 'ArrowFunctionExpression' ? callback.body : null
  return body?.type === 'CallExpression' && body.arguments.length === 0 && resolvers.has(nameOf(body.callee) ?? '')
}

function skipFacts(lineOf: LineOf) {
  const found: { what: string; line: number }[] = []
  const visitor = new Visitor({
    CallExpression: ({ callee, arguments: args, start }: CallExpression) => {
      const member = memberOf(callee)
      const isTest = TEST_OBJECTS.has(nameOf(callee) ?? '') || TEST_OBJECTS.has(nameOf(member?.object ?? callee) ?? '')
      if (!isTest) return
      if (member !== null && TEST_MODIFIERS.has(member.property)) found.push({ what: `.${member.property}`, line: lineOf(start) })
      for (const options of args.filter(each => each.type === 'ObjectExpression')) {
        for (const each of options.properties) {
          const key = each.type === 'Property' ? nameOf(each.key) : null
          if (key !== null && TEST_MODIFIERS.has(key) && (member === null || member.property === 'test'))
            found.push({ what: `{ ${key} }`, line: lineOf(each.start) })
        }
      }
    }
  })
  return { visitor, found }
}
