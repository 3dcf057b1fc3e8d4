/** The choices of one session. fast-check makes them, so the same seed and path are the same session again. */
import fc, { type Arbitrary, type GeneratorValue } from 'fast-check'
import { NASTY_TEXTS } from '../acceptance/bad-values.ts'

const upTo = (max: number): Arbitrary<number> => fc.noBias(fc.nat(max))
const anyText = (max: number): Arbitrary<string> => fc.string({ unit: 'binary', maxLength: max })
const likePattern = (pattern: string): Arbitrary<string> => fc.stringMatching(new RegExp(pattern))
const anyJson = (depth: number): Arbitrary<unknown> => fc.jsonValue({ maxDepth: depth })

const TEXT_MAX = 30
const JSON_DEPTH = 3

export class Draw {
  readonly #choose: GeneratorValue

  constructor(choose: GeneratorValue) {
    this.#choose = choose
  }

  below(limit: number): number {
    return limit <= 1 ? 0 : this.#choose(upTo, limit - 1)
  }

  int(min: number, max: number): number {
    return min + this.below(max - min + 1)
  }

  /** `share` of all times. */
  often(share: number): boolean {
    return this.below(1_000) < share * 1_000
  }

  pick<T>(list: readonly T[]): T {
    const found = list[this.below(list.length)]
    if (found === undefined) throw new Error('nothing to pick from')
    return found
  }

  /** Whatever Unicode has, and what layers are known to choke on. */
  text(): string {
    return this.often(0.5) ? this.pick(NASTY_TEXTS) : this.#choose(anyText, TEXT_MAX)
  }

  matching(pattern: string): string {
    return this.#choose(likePattern, pattern)
  }

  json(): unknown {
    return this.#choose(anyJson, JSON_DEPTH)
  }
}
