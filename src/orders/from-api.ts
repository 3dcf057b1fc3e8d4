/** From the wire to commands. Ids in bodies have been checked by their schema; a malformed one cannot get here. */
import type { FastifyRequest } from 'fastify'
import type { Static } from 'typebox'
import { idempotencyKeyOf, ownerOf, principalOf } from '../http/index.ts'
import { requestHash } from '../kit/canonical-json.ts'
import { invalid } from '../kit/errors.ts'
import { type IdKind, parseId } from '../kit/ids.ts'
import { fromMoneyText } from '../kit/money.ts'
import type { OrderRequest } from './order.ts'
import type { OrderBatchRequestSchema, OrderRequestSchema } from './schemas.ts'

export function bodyId(kind: IdKind, text: string, pointer: string): string {
  const id = parseId(kind, text)
  if (id === null) throw invalid(pointer, `must be a ${kind} id`)
  return id
}

type OrderBody = Static<typeof OrderRequestSchema>

function fromApiOrder(request: FastifyRequest, body: OrderBody, pointer: string): Omit<OrderRequest, 'idempotencyKey' | 'requestHash'> {
  const principal = principalOf(request)
  return {
    resellerId: ownerOf(request),
    tier: principal.tier,
    apiKeyId: principal.apiKeyId,
    dailySpendCap: principal.dailySpendCap,
    spendCurrency: principal.spendCurrency,
    requestId: request.id,
    skuId: bodyId('sku', body.skuId, `${pointer}/skuId`),
    quantity: body.quantity,
    reference: body.reference ?? null,
    maxUnitPrice: body.maxUnitPrice === undefined ? null : fromMoneyText(body.maxUnitPrice, `${pointer}/maxUnitPrice`),
    quoteId: body.quoteId === undefined ? null : bodyId('quote', body.quoteId, `${pointer}/quoteId`),
    input: body.input ?? null,
    reveal: body.reveal ?? true,
    backorder: body.backorder ?? false,
    metadata: body.metadata ?? null
  }
}

export function toOrderRequest(request: FastifyRequest, body: OrderBody): OrderRequest {
  const idempotencyKey = idempotencyKeyOf(request)
  return { ...fromApiOrder(request, body, ''), idempotencyKey, requestHash: requestHash('placeOrder', body) }
}

export interface OrderBatchInput {
  readonly resellerId: string
  readonly key: string
  readonly hash: Buffer
  readonly orders: readonly OrderRequest[]
}

/** The keys of a batch's orders hold a comma, which no caller's own key can. */
export function toOrderBatch(request: FastifyRequest, body: Static<typeof OrderBatchRequestSchema>): OrderBatchInput {
  const key = idempotencyKeyOf(request)
  const hash = requestHash('placeOrderBatch', body)
  const orders = body.orders.map((order, index) => ({
    ...fromApiOrder(request, order, `/orders/${index}`),
    idempotencyKey: `${key},${index}`,
    requestHash: requestHash(`placeOrderBatch:${index}:${hash.toString('base64')}`, order)
  }))
  return { resellerId: ownerOf(request), key, hash, orders }
}
