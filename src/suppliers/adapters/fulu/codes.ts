/** Fulu's table of codes: what to do with an order that got one. What is not here is unknown. */
import type { RefusalKind } from '../../contract.ts'

export const OK = '0'
/** `customer_order_no` exists: it was accepted before; ask, never send again. */
export const EXISTS = '4010'
/** At a query; says nothing before the quiet time. */
export const NOT_FOUND = '4011'

const each = (codes: readonly number[], refusal: RefusalKind) => codes.map(code => [String(code), refusal] as const)

/** 4008, 4009, 4012 and 5000 are missing on purpose: Fulu itself says to query and never to fail the order. */
export const REFUSALS: ReadonlyMap<string, RefusalKind> = new Map([
  ...each([1000, 1001, 1002, 1003, 1004, 1005, 1006, 1007, 1008, 1009, 1010, 1012, 1013, 1014, 1015, 1017, 1018], 'invalid_request'),
  ...each([1016, 1019, 2002, 2003], 'auth'),
  ...each([3000, 3001, 3002, 3003, 3004, 3008], 'product_unavailable'),
  ...each([3005], 'out_of_stock'),
  ...each([4000, 4001, 4002], 'invalid_request'),
  ...each([4004], 'rejected')
])
