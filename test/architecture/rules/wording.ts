/** What is forbidden wherever it stands. */
import { isRepository, placeOf } from '../places.ts'
import type { Rule } from '../rule.ts'

const UNFINISHED = /\b(TODO|FIXME|XXX|HACK)\b/
const SILENCED = /^\s*@ts-(ignore|nocheck)\b/
/** Tests wait for what they need, not for time: a longer pause is either too short on a slow machine or a waste on a fast one. */
const PAUSE_MAX_MS = 100

export const syntax: Rule = {
  name: 'syntax',
  level: 'error',
  check: tree => tree.sources.flatMap(({ path, syntaxError }) => (syntaxError === null ? [] : [{ path, message: `cannot be read: ${syntaxError}` }]))
}

export const types: Rule = {
  name: 'types are kept',
  level: 'error',
  check: tree =>
    tree.sources.flatMap(({ path, anyTypes, comments }) => [
      // In tests biome forbids it, and takes a written reason.
      ...(path.startsWith('src/') ? anyTypes.map(line => ({ path, line, message: '`any` ends the checking: use `unknown` and look' })) : []),
      ...comments.filter(({ text }) => SILENCED.test(text)).map(({ line }) => ({ path, line, message: 'silences the compiler' }))
    ])
}

export const unfinished: Rule = {
  name: 'nothing unfinished',
  level: 'error',
  check: tree =>
    tree.sources.flatMap(({ path, comments }) =>
      comments.filter(({ text }) => UNFINISHED.test(text)).map(({ line }) => ({ path, line, message: 'is unfinished: do it, or write an issue' }))
    )
}

export const tests: Rule = {
  name: 'tests neither sleep nor skip',
  level: 'error',
  check: tree =>
    tree.sources
      .filter(({ path }) => /^test\/(.+\.test\.ts|support\/.+)$/.test(path))
      .flatMap(({ path, sleeps, skips }) => [
        ...sleeps
          .filter(({ ms }) => ms > PAUSE_MAX_MS)
          .map(({ ms, line }) => ({ path, line, message: `sleeps ${ms} ms: wait for the event, or ask again (eventually)` })),
        ...skips.map(({ what, line }) => ({ path, line, message: `${what} leaves a guarantee untested` }))
      ])
}

export const setBasedSql: Rule = {
  name: 'SQL for many rows is one statement',
  level: 'error',
  check: tree =>
    tree.sources
      .filter(({ path }) => isRepository(path))
      .flatMap(({ path, awaitsInLoops }) => awaitsInLoops.map(line => ({ path, line, message: 'awaits in a loop over rows: use unnest(…)' })))
}

export const awaitsWorthALook: Rule = {
  name: 'awaits in loops worth a look',
  level: 'warn',
  check: tree =>
    tree.sources
      .filter(({ path }) => placeOf(path).kind === 'module' && !isRepository(path))
      .flatMap(({ path, awaitsInLoops }) =>
        awaitsInLoops.map(line => ({ path, line, message: 'awaits in a loop: is it bounded, and not over rows?' }))
      )
}
