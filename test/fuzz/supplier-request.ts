/** What suppliers send by themselves: pushes, signed, and callbacks in formats of their own. */
import { createHmac, randomBytes } from 'node:crypto'
import type { Operation } from '../acceptance/contract.ts'
import type { Json } from '../support/app.ts'
import type { ApiRequest } from './api-request.ts'
import { bend, bendJson } from './bend.ts'
import type { Draw } from './draw.ts'
import { drawValue } from './draw-value.ts'
import type { Scene } from './world.ts'

const OPERATIONS = ['pushFromSupplier', 'takeSupplierCallback', 'takeSupplierCallbackFromQuery']
const TYPES = ['stock.added', 'stock.added', 'stock.level', 'price.changed', 'card.revoked', 'order.fulfilled', 'order.failed']

export const isSuppliers = ({ id }: Operation): boolean => OPERATIONS.includes(id)

export function drawSupplierRequest(draw: Draw, scene: Scene): ApiRequest {
  const operation = scene.world.contract.operations.find(({ id }) => id === draw.pick(OPERATIONS))
  if (operation === undefined) return drawSupplierRequest(draw, scene)
  return operation.id === 'pushFromSupplier' ? push(draw, scene, operation) : callback(draw, scene, operation)
}

const LISTEN: readonly [string, string] = ['host', 'hub.example.com']

/** The signature fits whatever is sent, so what is bent is read. */
function push(draw: Draw, scene: Scene, operation: Operation): ApiRequest {
  const good = drawPush(draw, scene, operation)
  const text = draw.often(0.5)
    ? JSON.stringify(good)
    : draw.often(0.7)
      ? (JSON.stringify(bend(draw, good)) ?? '')
      : bendJson(draw, JSON.stringify(good)).slice(0, 200_000)
  const id = draw.often(0.85) ? `msg_${randomBytes(8).toString('hex')}` : String(scene.pool.value(draw, 'webhook-id') ?? 'msg')
  scene.pool.note({ 'webhook-id': id })
  const time = draw.often(0.97) ? String(Math.floor(Date.now() / 1_000)) : draw.pick(['0', '', 'x', '1e9'])
  const mac = createHmac('sha256', Buffer.from(scene.pushSecret.replace('whsec_', ''), 'base64'))
    .update(`${id}.${time}.${text}`)
    .digest('base64')
  const headers = [
    LISTEN,
    ['content-type', 'application/json'],
    ['webhook-id', id],
    ['webhook-timestamp', time],
    ['webhook-signature', `v1,${mac}`]
  ] as const
  const path = operation.path.replace('{supplierId}', draw.often(0.95) ? (scene.shop.ids['sup'] ?? '') : scene.caller.id)
  return { operation, outgoing: { method: 'POST', path, headers, body: Buffer.from(text), framing: 'length' }, refused: false, isOdd: false }
}

function drawPush(draw: Draw, { world, pool, shop }: Scene, operation: Operation): Json {
  const schema = operation.bodies['application/json']?.schema
  if (draw.often(0.3)) return drawValue({ draw, contract: world.contract, pool, ids: shop.ids }, schema, '')
  const card = (): Json => ({
    secret: draw.often(0.7) ? `CANARY-${randomBytes(6).toString('hex')}` : draw.text(),
    ...(draw.often(0.3) ? { number: draw.text() } : {})
  })
  const cards = Array.from({ length: draw.int(1, 4) }, card)
  const cost = { amount: draw.pick(['0.40', '0', '0.0001', '9999999999999.9999']), currency: draw.pick(['CNY', 'CNY', 'USD']) }
  const data: Json = { productCode: draw.often(0.8) ? 'P-1' : draw.text() }
  const type = draw.pick(TYPES)
  if (type === 'stock.added' || type === 'card.revoked') data.cards = cards
  if (type === 'stock.added' || type === 'price.changed') data.unitCost = cost
  if (type === 'stock.level') data.available = draw.below(1_000)
  if (type.startsWith('order')) Object.assign(data, { reference: String(pool.value(draw, 'reference') ?? 'x'), orderId: draw.text() })
  return { type, data }
}

function callback(draw: Draw, { caller, shop }: Scene, operation: Operation): ApiRequest {
  const body: Json = {
    event: draw.pick(['order', 'product', draw.text()]),
    time: String(Date.now()),
    reference: draw.text(),
    code: draw.text(),
    price: '1.00',
    id: draw.text()
  }
  const text = draw.often(0.5) ? JSON.stringify(body) : bendJson(draw, JSON.stringify(bend(draw, body)) ?? '').slice(0, 200_000)
  const signature = draw.often(0.9) ? createHmac('sha256', caller.secret).update(Buffer.from(text)).digest('hex') : 'x'
  const type = draw.pick(['application/json', 'application/x-www-form-urlencoded', 'text/xml', 'text/plain'])
  const isPost = operation.method === 'POST'
  const path = operation.path.replace('{supplierId}', draw.pick([caller.id, caller.id, caller.id, shop.ids['sup'] ?? '', '~']))
  const query = draw.often(0.5) ? `?${draw.pick(['a=1&a=2', 'sign=x&%zz', '__proto__=1', '%00=%00', 'order=1'])}` : ''
  const headers: (readonly [string, string])[] = [LISTEN, ['x-signature', signature], ...(isPost ? [['content-type', type] as const] : [])]
  return {
    operation,
    outgoing: { method: operation.method, path: path + query, headers, body: isPost ? Buffer.from(text) : null, framing: 'length' },
    refused: false,
    isOdd: false
  }
}
