/** Rules by which prices follow costs, and the limits of what may be bought. */
import { type TSchema, Type } from 'typebox'
import { Money, Nullable, OneOf, Ref } from '../http/index.ts'
import { PRICINGS } from './markup.ts'

const CLOSED = { additionalProperties: false } as const
/** Ten thousand percent: more is a slip of the keyboard. */
const PERCENT_PATTERN = '^(0|[1-9][0-9]{0,3}|10000)(\\.[0-9]{1,2})?$'

const exampleMarkup = {
  percent: '8.5',
  fixed: { amount: '0.20', currency: 'CNY' },
  roundTo: { amount: '0.10', currency: 'CNY' },
  minimum: { amount: '5.00', currency: 'CNY' }
}

export const MarkupSchema = Type.Object(
  {
    percent: Type.String({
      pattern: PERCENT_PATTERN,
      maxLength: 8,
      description: 'Of the cost, with at most two decimals.',
      examples: ['8.5']
    }),
    fixed: Type.Optional(Money),
    roundTo: Type.Optional(Money),
    minimum: Type.Optional(Money)
  },
  {
    ...CLOSED,
    $id: 'Markup',
    description:
      'The price is cost + `percent` of it + `fixed`, at least `minimum` and the cost with the margin floor, rounded up to a multiple of ' +
      '`roundTo` (default 0.01). Amounts are in one currency; the rule leaves SKUs in another one alone.',
    examples: [exampleMarkup]
  }
)

const marginFloor = Money
const exampleSourcing = { pricing: 'own', markup: exampleMarkup, marginFloor: { amount: '0.10', currency: 'CNY' }, maxCost: null }

const Pricing = OneOf(PRICINGS, {
  description:
    "`off`: the price is what an operator sets. `own`: it follows the cheapest enabled source that has stock, by `markup`. `supplier`: by that source's supplier's markup, if it has one."
})

export const SkuSourcingSchema = Type.Object(
  { pricing: Pricing, markup: Nullable(Ref(MarkupSchema)), marginFloor, maxCost: Nullable(Money) },
  {
    $id: 'SkuSourcing',
    description:
      '`marginFloor`: a source whose cost leaves less of the price is neither bought from nor shown as stock. `maxCost`: nothing is bought above it, ' +
      'and no price follows it.',
    examples: [exampleSourcing]
  }
)

export const PutSkuSourcing = Type.Object(
  {
    pricing: Type.Optional(Pricing),
    markup: Type.Optional(Nullable(Ref(MarkupSchema))),
    marginFloor: Type.Optional(marginFloor),
    maxCost: Type.Optional(Nullable(Money))
  },
  { ...CLOSED, examples: [exampleSourcing, { pricing: 'off', marginFloor: { amount: '0.00', currency: 'CNY' } }] }
)

export const sourcingSchemas: TSchema[] = [MarkupSchema, SkuSourcingSchema]
