import type { Rule, Tree, Violation } from './rule.ts'
import { libraryDoors, runtimeDoors, sqlInRepositories } from './rules/library-doors.ts'
import { innerFiles, moduleOrder, noCycles } from './rules/module-order.ts'
import { links, modules, names } from './rules/names.ts'
import { operations } from './rules/operations.ts'
import { packages } from './rules/packages.ts'
import { sizes, sizesWorthALook } from './rules/sizes.ts'
import { awaitsWorthALook, setBasedSql, syntax, tests, types, unfinished } from './rules/wording.ts'

export const RULES: readonly Rule[] = [
  syntax,
  moduleOrder,
  innerFiles,
  noCycles,
  libraryDoors,
  sqlInRepositories,
  runtimeDoors,
  sizes,
  names,
  modules,
  links,
  types,
  unfinished,
  tests,
  setBasedSql,
  operations,
  packages,
  sizesWorthALook,
  awaitsWorthALook
]

export interface Finding extends Violation {
  readonly rule: Rule
}

export const judge = (tree: Tree, rules: readonly Rule[] = RULES): Finding[] =>
  rules.flatMap(rule => rule.check(tree).map(each => ({ ...each, rule })))

/** `src/orders/order.ts:12 [sizes] has 301 lines, more than 300` */
export const describe = ({ path, line, message, rule }: Finding): string =>
  `${line === undefined ? path : `${path}:${line}`} [${rule.name}] ${message}`
