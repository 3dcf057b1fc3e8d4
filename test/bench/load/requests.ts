import { randomBytes, randomUUID } from 'node:crypto'
import type { LoadPlan } from './contract.ts'

const pick = <T>(items: readonly T[]): T => items[Math.floor(Math.random() * items.length)] as T

/** Makes the requests of a plan: every order has an idempotency key of its own. */
export function createRequests({ host, keys, request }: LoadPlan): () => string {
  const heads = keys.map(key => `host: ${host}\r\nauthorization: Bearer ${key}\r\n`)
  if (request.kind === 'get') {
    const gets = heads.map(head => `GET ${request.path} HTTP/1.1\r\n${head}\r\n`)
    return () => pick(gets)
  }
  const tag = randomBytes(6).toString('hex')
  const posts = heads.map(head => `POST /v1/orders HTTP/1.1\r\n${head}content-type: application/json\r\nidempotency-key: `)
  const toBody = (order: object): string => {
    const body = JSON.stringify(order)
    return `\r\ncontent-length: ${body.length}\r\n\r\n${body}`
  }
  const bodies = request.skuIds.map(skuId => toBody({ skuId, quantity: 1 }))
  let serial = 0
  if (request.asShops !== true) return () => `${pick(posts)}${tag}-${serial++}${pick(bodies)}`
  return () => `${pick(posts)}${randomUUID()}${toBody({ skuId: pick(request.skuIds), quantity: 1, reference: `${tag}-${serial++}` })}`
}
