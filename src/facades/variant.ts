/** The SKUs of one product as kinds of one piece of goods: by race, or by race and options. Pure. */
import type { Listing } from '../catalog/index.ts'
import { type Buyer, type QuantityBreak, quantityBreaks } from '../pricing/index.ts'

/** What the operator said of a SKU. */
export interface Kind {
  /** Empty: the product has no races, only options. */
  readonly race: string
  readonly options: Readonly<Record<string, string>>
}

export interface Variant {
  readonly listing: Listing
  readonly race: string
  readonly options: Readonly<Record<string, string>>
  /** The buyer's price of one unit in the smallest order. */
  readonly unitPrice: bigint
  /** From which quantity on it is less; the first is the smallest order. */
  readonly breaks: readonly QuantityBreak[]
}

/** How a shop chooses among the variants. */
export interface Layout {
  readonly variants: readonly Variant[]
  /** Race → price; empty: there are no races. */
  readonly races: ReadonlyMap<string, bigint>
  /** Name → option → surcharge; empty: there are no options. */
  readonly options: ReadonlyMap<string, ReadonlyMap<string, bigint>>
}

/** Characters that mean something in INI files, in queries or in our own `code#race`; their full-width twins do not. */
const SPECIAL = /[!-,./:-@[-^`{-~]/g
const FULL_WIDTH_OFFSET = 0xfee0
const LABEL_MAX = 60

/** A name that every shop can store, show and send back. */
const toLabel = (text: string): string =>
  [
    ...text
      .replaceAll(/\s+/g, ' ')
      .trim()
      .replaceAll(SPECIAL, char => String.fromCodePoint((char.codePointAt(0) ?? 0) + FULL_WIDTH_OFFSET))
  ]
    .slice(0, LABEL_MAX)
    .join('')

/** A single SKU needs no choice. Options are shown only where their prices add up; otherwise each SKU is a race of its own. */
export function layOut(listings: readonly Listing[], kinds: ReadonlyMap<string, Kind>, buyer: Buyer): Layout {
  const variants = listings.map(listing => toVariant(listing, kinds.get(listing.skuId), buyer))
  return grid(variants, kinds) ?? flat(variants)
}

function toVariant(listing: Listing, kind: Kind | undefined, buyer: Buyer): Variant {
  const breaks = quantityBreaks(listing, buyer)
  const options = Object.fromEntries(Object.entries(kind?.options ?? {}).map(([name, option]) => [toLabel(name), toLabel(option)]))
  return { listing, race: toLabel(kind?.race ?? ''), options, unitPrice: breaks[0].unitPrice, breaks }
}

const NO_CHOICE = { races: new Map<string, bigint>(), options: new Map<string, Map<string, bigint>>() }

function flat(variants: readonly Variant[]): Layout {
  const [only, ...others] = variants
  if (only === undefined || others.length === 0) return { variants: variants.map(each => named(each, variants)), ...NO_CHOICE }
  const distinct = variants.map(each => named(each, variants))
  return { variants: distinct, races: new Map(distinct.map(({ race, unitPrice }) => [race, unitPrice])), options: NO_CHOICE.options }
}

/** Under a race of its own; two SKUs of one name are told apart by their codes. */
function named(variant: Variant, all: readonly Variant[]): Variant {
  const nameOf = ({ listing, race, options }: Variant): string => [race, ...Object.values(options)].join(' ').trim() || toLabel(listing.name)
  const name = nameOf(variant)
  const twins = all.filter(each => nameOf(each) === name).length
  return { ...variant, options: {}, race: twins === 1 ? name : toLabel(`${variant.listing.code} ${name}`) }
}

/** Null: not every SKU has a kind, a combination is missing or stands twice, or a price is not the sum of its parts. */
function grid(variants: readonly Variant[], kinds: ReadonlyMap<string, Kind>): Layout | null {
  const [first] = variants
  if (first === undefined || variants.length < 2 || variants.some(({ listing }) => !kinds.has(listing.skuId))) return null
  const names = Object.keys(first.options).sort()
  const keyOf = ({ race, options }: Pick<Variant, 'race' | 'options'>): string => JSON.stringify([race, ...names.map(name => options[name])])
  const byKey = new Map(variants.map(each => [keyOf(each), each]))
  const races = unique(variants.map(({ race }) => race))
  const choices = names.map(name => unique(variants.map(({ options }) => options[name] ?? '')))
  const size = choices.reduce((product, { length }) => product * length, races.length)
  const regular = variants.every(({ options }) => Object.keys(options).length === names.length && names.every(name => (options[name] ?? '') !== ''))
  if (!regular || byKey.size !== variants.length || size !== variants.length || (races.includes('') && races.length > 1)) return null
  const cheapest = variants.reduce((a, b) => (b.unitPrice < a.unitPrice ? b : a))
  const priceOf = (kind: Pick<Variant, 'race' | 'options'>): bigint => byKey.get(keyOf(kind))?.unitPrice ?? 0n
  const basePrices = new Map(races.map(race => [race, priceOf({ race, options: cheapest.options })]))
  const surcharges = new Map(
    names.map((name, index) => [
      name,
      new Map(
        (choices[index] ?? []).map(option => [
          option,
          priceOf({ ...cheapest, options: { ...cheapest.options, [name]: option } }) - cheapest.unitPrice
        ])
      )
    ])
  )
  const sumOf = ({ race, options }: Variant): bigint =>
    names.reduce((sum, name) => sum + (surcharges.get(name)?.get(options[name] ?? '') ?? 0n), basePrices.get(race) ?? 0n)
  if (variants.some(each => sumOf(each) !== each.unitPrice)) return null
  return { variants, races: races.includes('') ? new Map() : basePrices, options: surcharges }
}

const unique = (texts: readonly string[]): string[] => [...new Set(texts)]

/** What the shop said, and what is wrong with it. */
export type Choice =
  | { readonly kind: 'chosen'; readonly variant: Variant }
  | { readonly kind: 'race_missing' }
  | { readonly kind: 'race_unknown' }
  | { readonly kind: 'option_missing' | 'option_unknown'; readonly name: string }

export function choose({ variants, races, options }: Layout, race: string, chosen: ReadonlyMap<string, string>): Choice {
  const [only] = variants
  if (only !== undefined && variants.length === 1)
    return race === '' || race === only.race ? { kind: 'chosen', variant: only } : { kind: 'race_unknown' }
  if (races.size > 0 && race === '') return { kind: 'race_missing' }
  if (races.size > 0 ? !races.has(race) : race !== '') return { kind: 'race_unknown' }
  for (const [name, known] of options) {
    const option = chosen.get(name) ?? ''
    if (option === '') return { kind: 'option_missing', name }
    if (!known.has(option)) return { kind: 'option_unknown', name }
  }
  const variant = variants.find(each => each.race === race && [...options.keys()].every(name => each.options[name] === chosen.get(name)))
  return variant === undefined ? { kind: 'race_unknown' } : { kind: 'chosen', variant }
}
