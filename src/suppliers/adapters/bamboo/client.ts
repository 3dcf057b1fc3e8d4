import type { OutboundHttp } from '../../../kit/outbound-http.ts'
import type { RefusalKind, SupplierProduct } from '../../contract.ts'
import { amountAt } from '../wire/amount.ts'
import { describeAnswer, type Exchange, exchange } from '../wire/exchange.ts'
import { countAt, listAt, textAt, type Wire } from '../wire/json.ts'

export interface Connection {
  readonly baseUrl: string
  readonly clientId: string
  readonly clientSecret: string
  readonly accountId: string
  readonly currency: string
  readonly notificationSecret: string
  readonly http: OutboundHttp
}

export const call = (
  { http, baseUrl, clientId, clientSecret }: Connection,
  method: 'GET' | 'POST',
  path: string,
  fields?: object
): Promise<Exchange> =>
  exchange(http, {
    method,
    url: `${baseUrl}${path}`,
    headers: {
      authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`,
      accept: 'application/json',
      'content-type': 'application/json'
    },
    ...(fields === undefined ? {} : { body: JSON.stringify(fields) })
  })

export const says = ({ clientSecret, notificationSecret }: Connection, body: Wire): string =>
  describeAnswer(textAt(body, 'reason'), textAt(body, 'message') ?? textAt(body, 'title') ?? textAt(body), [clientSecret, notificationSecret])

/** What the documents call an answer before anything is looked at. The codes of a 400 are not published, so it says nothing for certain. */
const REFUSALS: Readonly<Record<number, RefusalKind>> = { 401: 'auth', 403: 'auth', 429: 'rate_limited' }
export const refusalOf = (status: number): RefusalKind | null => REFUSALS[status] ?? null

const CATALOG = '/api/integration/v2.0/catalog'
export const catalogPath = ({ currency }: Connection, query: Readonly<Record<string, string>>): string =>
  `${CATALOG}?${new URLSearchParams({ ...query, TargetCurrency: currency }).toString()}`

/** One entry for each product with a fixed face value; of a range nobody could say which card is meant. */
export const toProducts = (brand: Wire): SupplierProduct[] =>
  (listAt(brand, 'products') ?? []).flatMap(product => {
    const [id, face, currency] = [textAt(product, 'id'), textAt(product, 'minFaceValue'), textAt(product, 'price', 'currencyCode')]
    const [lowest, highest] = [amountAt(product, 'minFaceValue'), amountAt(product, 'maxFaceValue')]
    const unitCost = amountAt(product, 'price', 'max')
    if (id === null || face === null || currency === null || unitCost === null || lowest !== highest) return []
    const stock = countAt(product, 'count')
    return [{ code: `${id}:${face}`, name: textAt(product, 'name') ?? textAt(brand, 'name') ?? id, unitCost, currency, stock, onSale: stock !== 0 }]
  })
