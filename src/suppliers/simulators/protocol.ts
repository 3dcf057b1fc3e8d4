/** What a simulator of one system has to know; everything else is the same for all. */
import type { Operation, SaleFault } from './faults.ts'
import type { Sale, Shop, SimProduct } from './shop.ts'

export interface SimRequest {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  /** Lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface SimReply {
  readonly status: number
  readonly contentType?: string
  readonly body: string
}

export interface Desk {
  readonly shop: Shop
  /** As an operator enters it; minted at each start. */
  readonly config: Readonly<Record<string, string>>
  /** For the sale that this request makes, if it makes one. */
  readonly fault: SaleFault | null
  /** The order exists and is denied: the answer is what it would be if it did not. */
  readonly hidden: boolean
}

export interface Callback {
  readonly headers: Readonly<Record<string, string>>
  readonly query: Readonly<Record<string, string>>
  readonly body: string
}

/** `forged`: what the signature does not allow. `tampered`: what it does allow to a stranger, such as a permuted body. */
export type CallbackVariant = 'genuine' | 'forged' | 'tampered'

export interface SimProtocol {
  readonly name: string
  mint(origin: string): Readonly<Record<string, string>>
  operation(request: SimRequest): Operation
  answer(request: SimRequest, desk: Desk): SimReply
  /** An answer in the right envelope with a code that no document knows. */
  unknownCode(desk: Desk): SimReply
  throttled(desk: Desk): SimReply
  /** Null: this system pushes no such thing. `tampered` may be null where nothing can be tampered with. */
  orderCallback(sale: Sale, desk: Desk, variant: CallbackVariant): Callback | null
  productCallback(product: SimProduct, desk: Desk, variant: CallbackVariant): Callback | null
}

export const json = (value: unknown, status = 200): SimReply => ({
  status,
  contentType: 'application/json; charset=utf-8',
  body: JSON.stringify(value)
})

/** A body that cannot be read is an empty one: the protocol then refuses it for what is missing. */
export function readBody(body: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}
  } catch {
    return {}
  }
}

export const textOf = (value: unknown): string => (typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '')

/** Null: not a decimal. */
export function amountOf(value: unknown): bigint | null {
  const [, whole, fraction = ''] = /^(\d+)(?:\.(\d{1,4})\d*)?$/.exec(textOf(value)) ?? []
  return whole === undefined ? null : BigInt(whole + fraction.padEnd(4, '0'))
}
