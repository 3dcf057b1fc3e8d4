/**
 * Patterns that an operator gives for a buyer's input are run on every order of the SKU. A backtracking engine can take for ever
 * on a few characters, so a pattern is let in only if the number of ways to match is small: a product over its choices.
 */

/** Longer ones are better written as several fields. */
export const INPUT_PATTERN_MAX = 200
/** Steps of the engine: about 50 ms at worst. */
const WAYS_MAX = 10_000_000

/** Why the pattern is refused, or null. `longest` is the length of the longest text it will see. */
export function patternProblem(pattern: string, longest: number): string | null {
  if (pattern.length > INPUT_PATTERN_MAX) return `must be at most ${INPUT_PATTERN_MAX} characters`
  if (compilePattern(pattern) === null) return 'is not a valid regular expression (flag u)'
  const bare = withoutLiterals(pattern)
  if (/\\[1-9k]/.test(pattern.replaceAll('\\\\', ''))) return 'must not use back-references'
  if (/\(\?(?!:)/.test(bare)) return 'must not use look-around or named groups'
  if (/\)[*+{]/.test(bare)) return 'must not repeat a group'
  if ([...bare.matchAll(/\d+(?=[,}])/g)].some(([count]) => Number(count) > INPUT_PATTERN_MAX)) return 'repeats too often'
  return ways(bare, longest) > WAYS_MAX ? 'has too many ways to match: use fewer repetitions, and begin it with ^' : null
}

export function compilePattern(pattern: string): RegExp | null {
  try {
    return new RegExp(pattern, 'u')
  } catch {
    return null
  }
}

/** Escapes and character classes become one plain character, so that what is left of `( ) | ? * + {` is syntax. */
const withoutLiterals = (pattern: string): string => pattern.replaceAll(/\\[pPu]\{[^}]*\}|\\./gsu, 'a').replaceAll(/\[[^\]]*\]/gu, 'a')

function ways(bare: string, longest: number): number {
  let total = bare.startsWith('^') ? 1 : longest
  for (const [token, from, comma, to] of bare.matchAll(/[*+]\??|\{(\d+)(,?)(\d*)\}\??|(?<!\()\?|\|/g)) {
    if (token.startsWith('|') || token === '?') total *= 2
    else if (from === undefined || (comma === ',' && to === '')) total *= longest
    else if (comma === ',') total *= Math.min(Number(to), longest) - Math.min(Number(from), longest) + 1
  }
  return total
}
