/** After the faults: does every server sell? */
import { createFindings, type Finding } from './check/finding.ts'
import type { Client } from './load/client.ts'
import { keysOf, type Shop } from './load/shop.ts'
import type { Rig } from './rig/rig.ts'

export const PROBES = 10
const PROBE_MAX_MS = 10_000

/** Both servers sell, at once, and to everybody who can pay. */
export async function probe(rig: Rig, client: Client, shop: Shop): Promise<Finding[]> {
  const found = createFindings()
  const sku = shop.skus.find(each => each.role === 'hot')
  for (const { origin } of rig.servers) {
    const body = keysOf(sku?.tag ?? '', `probe${origin.slice(-5)}`, PROBES).join('\n')
    const ask = {
      key: rig.adminKey,
      idempotencyKey: `probe-${origin}`,
      timeoutMs: PROBE_MAX_MS,
      method: 'POST',
      path: `/v1/admin/skus/${sku?.id}/card-batches`
    } as const
    await client.ask(origin, { ...ask, body })
    for (let n = 0; n < PROBES; n++) {
      const order = {
        key: shop.resellers[0]?.key ?? '',
        idempotencyKey: `probe-${origin}-${n}`,
        body: { skuId: sku?.id, quantity: 1 },
        timeoutMs: PROBE_MAX_MS
      }
      const answer = await client.ask(origin, { ...order, method: 'POST', path: '/v1/orders' }).catch((error: Error) => error)
      if (answer instanceof Error || answer.status !== 201)
        found.add('after the faults it sells again', answer instanceof Error ? answer.message : `${answer.status} ${answer.text}`)
    }
  }
  return found.list
}
