/** Goods as an acg-faka shop reads them. Our costs are no part of it. */
import type { InputField } from '../../catalog/index.ts'
import { toApiId } from '../../kit/ids.ts'
import { toCents } from '../cents.ts'
import type { Goods } from '../goods.ts'
import type { FacadeLogin } from '../login.ts'
import { NO_LIMIT, stockOf } from '../offer.ts'
import type { Variant } from '../variant.ts'

type Section = Readonly<Record<string, unknown>>
type Config = Readonly<Record<string, Section>>

export function configOf({ races, options, variants }: Goods): Config {
  const [only] = variants.length === 1 ? variants : []
  return pruned({
    category: Object.fromEntries([...races].map(([race, price]) => [race, toCents(price)])),
    sku: Object.fromEntries(
      [...options].map(([name, known]) => [name, Object.fromEntries([...known].map(([each, extra]) => [each, toCents(extra)]))])
    ),
    wholesale: only === undefined ? {} : breaksOf(only),
    category_wholesale: races.size === 0 || options.size > 0 ? {} : pruned(Object.fromEntries(variants.map(each => [each.race, breaksOf(each)])))
  })
}

const breaksOf = ({ breaks }: Variant): Section =>
  Object.fromEntries(breaks.slice(1).map(each => [String(each.minQuantity), toCents(each.unitPrice)]))

const pruned = (config: Config): Config => Object.fromEntries(Object.entries(config).filter(([, section]) => Object.keys(section).length > 0))

/** `[category]\n月卡=10.00`, and one more level as `颜色.红=0.00`. */
export function toIni(config: Config): string {
  const lines = Object.entries(config).flatMap(([name, section]) => [
    `[${name}]`,
    ...Object.entries(section).flatMap(([key, value]) =>
      typeof value === 'object' && value !== null ? Object.entries(value).map(([part, text]) => `${key}.${part}=${text}`) : [`${key}=${value}`]
    )
  ])
  return lines.join('\n')
}

/** What a shop stores is a signed 32-bit number, and it has no word for goods without a limit. */
const PLENTY = 999_999

/** What can be had at once; with what suppliers have, where an order may wait for them. */
export const stockOfAll = (variants: readonly Variant[], { allowWaiting }: Pick<FacadeLogin, 'allowWaiting'>): number => {
  const stocks = variants.map(each => (allowWaiting ? stockOf(each) : each.listing.available))
  return stocks.includes(NO_LIMIT)
    ? PLENTY
    : Math.min(
        stocks.reduce((sum, stock) => sum + stock, 0),
        STOCK_MAX
      )
}
const STOCK_MAX = 2_147_483_647

/** What it costs without a choice: the least that it can cost. */
export const basePrice = ({ variants }: Goods): bigint =>
  variants.reduce((least: bigint | null, { unitPrice }) => (least === null || unitPrice < least ? unitPrice : least), null) ?? 0n

const WIDGET_NAME = /^[A-Za-z][A-Za-z0-9_]{0,31}$/

/** The fields that a buyer fills in. All SKUs of one product are asked in the same words: those of the first that has any. */
function widgetOf({ variants }: Goods): object[] | null {
  const schema = variants.find(({ listing }) => listing.inputSchema !== null)?.listing.inputSchema
  const fields = Object.entries(schema?.properties ?? {}).filter(([name]) => WIDGET_NAME.test(name))
  return fields.length === 0 ? null : fields.map(([name, field]) => toWidget(name, field))
}

const toWidget = (name: string, { title, description, pattern, enum: choices }: InputField): object => ({
  cn: title ?? name,
  name,
  placeholder: description ?? '',
  type: choices === undefined ? 'text' : 'select',
  regex: pattern ?? '',
  error: `${title ?? name}格式不正确`,
  dict: (choices ?? []).map(each => `${each}=${each}`).join(',')
})

/** A list with one name that a shop cannot store is refused as a whole; it also takes tags out, and what follows a `<`. */
const toName = (text: string, max: number): string =>
  [
    ...text
      .replaceAll(/[\s\u0000-\u001f\u007f]+/g, ' ')
      .replaceAll('<', '＜')
      .replaceAll('>', '＞')
      .trim()
  ]
    .slice(0, max)
    .join('')

const escapeHtml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;').replaceAll('\n', '<br>')

const timeText = (time: Date): string => time.toISOString().slice(0, 19).replace('T', ' ')

/** What all kinds allow; where there is no such quantity, what one of them does: a purchase is looked at again anyway. */
function quantitiesOf(variants: readonly Variant[]): { minimum: number; maximum: number } {
  const [least, most] = [variants.map(({ listing }) => listing.minQuantity), variants.map(({ listing }) => listing.maxQuantity)]
  const all = { minimum: Math.max(...least), maximum: Math.min(...most) }
  return all.minimum <= all.maximum ? all : { minimum: Math.min(...least), maximum: Math.max(...most) }
}

/** Every field that a shop takes over is sent: what is missing counts as 0 there, a price too. */
function toGoods(goods: Goods, login: FacadeLogin, categoryId: number): object {
  const { product, number, variants } = goods
  const price = toCents(basePrice(goods))
  return {
    id: number,
    category_id: categoryId,
    name: toName(product.name, NAME_MAX),
    description: escapeHtml(product.description ?? ''),
    cover: '',
    factory_price: '0.00',
    price,
    user_price: price,
    status: 1,
    api_status: 1,
    owner: 0,
    create_time: timeText(product.createdAt),
    code: toApiId('product', product.id),
    delivery_way: 0,
    contact_type: 0,
    password_status: 0,
    sort: 0,
    coupon: 0,
    seckill_status: 0,
    seckill_start_time: null,
    seckill_end_time: null,
    draft_status: 0,
    draft_premium: '0.00',
    inventory_hidden: 0,
    recommend: 0,
    only_user: 0,
    purchase_count: 0,
    hide: 0,
    level_price: null,
    level_disable: 1,
    ...quantitiesOf(variants),
    stock: stockOfAll(variants, login)
  }
}

/** More categories are refused by the shops. */
const CATEGORIES_MAX = 200
const REST = '其他'
/** The shops' own columns. */
const CATEGORY_NAME_MAX = 128
const NAME_MAX = 255

export function toTree(goods: readonly Goods[], login: FacadeLogin): object[] {
  const names = [...new Set(goods.map(({ product }) => product.category))].sort()
  const own = new Set(names.length <= CATEGORIES_MAX ? names : names.slice(0, CATEGORIES_MAX - 1))
  const groups = Map.groupBy(goods, ({ product }) => (own.has(product.category) ? product.category : REST))
  return [...groups].map(([name, children], index) => ({
    id: index + 1,
    name: toName(name, CATEGORY_NAME_MAX) || REST,
    sort: index,
    create_time: timeText(children[0]?.product.createdAt ?? new Date(0)),
    owner: 0,
    icon: '',
    status: 1,
    hide: 0,
    user_level_config: null,
    pid: 0,
    children: children.map(each => {
      const widget = widgetOf(each)
      return { ...toGoods(each, login, index + 1), widget: widget === null ? null : JSON.stringify(widget), config: toIni(configOf(each)) }
    })
  }))
}

/** PHP writes an empty object as an empty list. */
const orEmptyList = (config: Config): Config | [] => (Object.keys(config).length === 0 ? [] : config)

export const toItem = (goods: Goods, login: FacadeLogin): object => ({
  ...toGoods(goods, login, 1),
  widget: widgetOf(goods),
  config: orEmptyList(configOf(goods)),
  tags: [],
  order_sold: 0,
  service_url: '',
  service_qq: '',
  share_url: '',
  login: true,
  trade_captcha: 0
})
