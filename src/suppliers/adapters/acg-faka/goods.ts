/** Goods of several kinds: how our product codes name them, and how the shop's list shows them. */
import type { Amount } from '../../../kit/money.ts'
import { toAmount } from '../wire/amount.ts'

/** A race, and options such as 颜色 → 蓝. */
export interface Kind {
  /** Empty: there are none. */
  readonly race: string
  readonly options: Readonly<Record<string, string>>
}

export interface Goods extends Kind {
  readonly code: string
}

const OPTION = /^([^=]+)=(.+)$/

/** `code`, `code#race`, `code#race#颜色=蓝`, or `code##颜色=蓝` without a race. */
export function toGoods(productCode: string): Goods {
  const [code = '', race = '', ...rest] = productCode.split('#')
  const options = rest.map(part => OPTION.exec(part))
  // A race with a # in it.
  if (options.some(match => match === null)) return { code, race: [race, ...rest].join('#'), options: {} }
  return { code, race, options: Object.fromEntries(options.map(match => [match?.[1] ?? '', match?.[2] ?? ''])) }
}

export function toCode(code: string, { race, options }: Kind): string {
  const named = Object.entries(options).map(([name, option]) => `#${name}=${option}`)
  return named.length === 0 && race === '' ? code : `${code}#${race}${named.join('')}`
}

/** As the shop reads them: `race`, and `sku[颜色]` for each option. */
export const kindFields = ({ race, options }: Kind): Readonly<Record<string, string>> => ({
  race,
  ...Object.fromEntries(Object.entries(options).map(([name, option]) => [`sku[${name}]`, option]))
})

export interface PricedKind extends Kind {
  readonly unitCost: Amount
}

/** More than these are not listed one by one. */
const KINDS_MAX = 200

/** What a buyer of these goods must choose among, and what each costs; null: there is nothing to choose, or it cannot be read. */
export function kindsIn(config: string, base: Amount): readonly PricedKind[] | null {
  const sections = readIni(config)
  const races = [...(sections.get('category') ?? [])].map(([race, price]) => ({ race, options: {}, unitCost: toAmount(price) }))
  const surcharges = optionsIn(sections.get('sku') ?? new Map())
  if (surcharges === null || races.some(({ unitCost }) => unitCost === null)) return null
  const size = [...surcharges.values()].reduce((product, known) => product * known.size, Math.max(1, races.length))
  if (size > KINDS_MAX || (races.length === 0 && surcharges.size === 0)) return null
  let kinds: PricedKind[] =
    races.length === 0 ? [{ race: '', options: {}, unitCost: base }] : races.map(each => ({ ...each, unitCost: each.unitCost ?? 0n }))
  for (const [name, known] of surcharges) {
    kinds = kinds.flatMap(kind =>
      [...known].map(([option, extra]) => ({ ...kind, options: { ...kind.options, [name]: option }, unitCost: kind.unitCost + extra }))
    )
  }
  return kinds
}

/** Name → option → surcharge; null: one of them cannot be read. */
function optionsIn(lines: ReadonlyMap<string, string>): Map<string, Map<string, Amount>> | null {
  const found = new Map<string, Map<string, Amount>>()
  for (const [key, value] of lines) {
    const [name = '', option = '', ...rest] = key.split('.')
    const extra = toAmount(value)
    if (name === '' || option === '' || rest.length > 0 || extra === null) return null
    found.set(name, (found.get(name) ?? new Map<string, Amount>()).set(option, extra))
  }
  return found
}

/** Section → key → value. */
function readIni(text: string): Map<string, Map<string, string>> {
  const sections = new Map<string, Map<string, string>>()
  let section = new Map<string, string>()
  for (const line of text.split(/[\r\n]+/)) {
    const [, name] = /^\[(.*?)\]$/.exec(line.trim()) ?? []
    if (name !== undefined) {
      section = sections.get(name) ?? new Map<string, string>()
      sections.set(name, section)
      continue
    }
    const [key = '', value, ...rest] = line.split('=')
    if (value !== undefined && rest.length === 0) section.set(key.trim(), value.trim())
  }
  return sections
}
