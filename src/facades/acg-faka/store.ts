/** What a shop may ask of the shared store, apart from buying. */
import { invalid } from '../../kit/errors.ts'
import { price } from '../../pricing/index.ts'
import { readWallet } from '../../wallet/index.ts'
import { floorCents, toCents } from '../cents.ts'
import { buyerOf, findGoods, type Goods, type GoodsDeps, listGoods, readGoods } from '../goods.ts'
import type { FacadeLogin } from '../login.ts'
import { type Choice, choose, type Variant } from '../variant.ts'
import type { Form } from './form.ts'
import { NO_SUCH_GOODS, NOT_ON_SALE, Refusal, SOLD_OUT } from './refusal.ts'
import { basePrice, configOf, stockOfAll, toIni, toItem, toTree } from './to-wire.ts'

/** The shops show it to their owners. */
const STORE_NAME = 'kahub'
/** Our own products are far fewer characters; shops send up to 64. */
const CODE_MAX = 100

export async function connect({ db }: GoodsDeps, login: FacadeLogin): Promise<object> {
  const { available } = await readWallet(db, login.resellerId, login.currency)
  return { shopName: STORE_NAME, balance: Number(floorCents(available)) / 100 }
}

export const items = async (deps: GoodsDeps, login: FacadeLogin): Promise<object[]> => toTree(await listGoods(deps, login), login)

/** The name of the field differs from call to call, and between versions of the shops. */
const codeOf = (form: Form): string => form.text('code') || form.text('shared_code') || form.text('sharedCode')

/** Goods of which something is on sale. Throws Refusal. */
export async function goodsOf(deps: GoodsDeps, login: FacadeLogin, form: Form): Promise<Goods> {
  const code = codeOf(form)
  if (code === '') throw new Refusal('对接CODE不能为空')
  const name = code.length > CODE_MAX || code.includes('\0') ? null : await findGoods(deps, code)
  const goods = name === null ? null : await readGoods(deps, login, name)
  if (goods === null) throw new Refusal(NO_SUCH_GOODS)
  if (goods.variants.length === 0) throw new Refusal(NOT_ON_SALE)
  return goods
}

export const item = async (deps: GoodsDeps, login: FacadeLogin, form: Form): Promise<object> => toItem(await goodsOf(deps, login, form), login)

const chosenOf = (goods: Goods, form: Form): Choice => choose(goods, form.text('race'), form.parts('sku'))

/** Throws Refusal. */
export function variantOf(goods: Goods, form: Form): Variant {
  const choice = chosenOf(goods, form)
  switch (choice.kind) {
    case 'chosen':
      return choice.variant
    case 'race_missing':
      throw new Refusal('请选择商品类型')
    case 'race_unknown':
      throw new Refusal(`此商品类型不存在[${form.text('race').slice(0, 60)}]`)
    case 'option_missing':
      throw new Refusal(`请选择${choice.name}`)
    case 'option_unknown':
      throw new Refusal(`${choice.name}选择错误`)
  }
}

/** Of what was chosen so far: shops also ask before their customer has chosen. */
function variantsOf(goods: Goods, form: Form): readonly Variant[] {
  const choice = chosenOf(goods, form)
  if (choice.kind === 'chosen') return [choice.variant]
  const race = form.text('race')
  return choice.kind === 'race_unknown' ? [variantOf(goods, form)] : goods.variants.filter(each => race === '' || each.race === race)
}

export async function stock(deps: GoodsDeps, login: FacadeLogin, form: Form): Promise<object> {
  const goods = await goodsOf(deps, login, form)
  return { stock: String(stockOfAll(variantsOf(goods, form), login)) }
}

const QUANTITY = /^[1-9][0-9]{0,8}$/

/** Throws Refusal. */
export function quantityOf(form: Form): number {
  const text = form.text('num').trim()
  if (!QUANTITY.test(text)) throw new Refusal('至少购买1个')
  return Number(text)
}

/** The total of what trade would take. */
export async function valuation(deps: GoodsDeps, login: FacadeLogin, form: Form): Promise<object> {
  const goods = await goodsOf(deps, login, form)
  const quantity = quantityOf(form)
  const choice = chosenOf(goods, form)
  if (choice.kind === 'race_missing') return { price: toCents(basePrice(goods) * BigInt(quantity)) }
  const { listing } = variantOf(goods, form)
  return { price: toCents(price({ listing, ...buyerOf(login), quantity }).total) }
}

/** No card can be chosen before it is bought: nobody sees a card that is not theirs. */
export const draftCard = async (deps: GoodsDeps, login: FacadeLogin, form: Form): Promise<object> => {
  await goodsOf(deps, login, form)
  return { list: [], total: 0 }
}

export const draft = async (deps: GoodsDeps, login: FacadeLogin, form: Form): Promise<object> => {
  await goodsOf(deps, login, form)
  if (!['', '0'].includes(form.text('card_id'))) throw new Refusal('预选的宝贝不存在')
  return { draft_premium: null, cost: '0.00' }
}

export async function inventory(deps: GoodsDeps, login: FacadeLogin, form: Form): Promise<object> {
  const goods = await goodsOf(deps, login, form)
  const base = toCents(basePrice(goods))
  return {
    count: stockOfAll(variantsOf(goods, form), login),
    delivery_way: 0,
    draft_status: 0,
    price: base,
    user_price: base,
    config: toIni(configOf(goods)),
    factory_price: 0,
    is_category: goods.races.size > 0
  }
}

export async function inventoryState(deps: GoodsDeps, login: FacadeLogin, form: Form): Promise<object> {
  const goods = await goodsOf(deps, login, form)
  if (!['', '0'].includes(form.text('card_id'))) throw new Refusal('该卡密不属于这个商品，无法预选')
  if (stockOfAll(variantsOf(goods, form), login) < quantityOf(form)) throw new Refusal(SOLD_OUT)
  return []
}

/** Throws: validation_failed. */
export function inputOf({ listing }: Variant, form: Form): Readonly<Record<string, string>> | null {
  const names = Object.keys(listing.inputSchema?.properties ?? {})
  const filled = names.flatMap(name => (form.text(name) === '' ? [] : [[name, form.text(name)]]))
  if (filled.some(([, text = '']) => text.includes('\0'))) throw invalid('/input', 'must not hold NUL')
  return filled.length === 0 ? null : Object.fromEntries(filled)
}
