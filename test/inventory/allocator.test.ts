import t from 'tap'
import { createAllocator } from '../../src/inventory/index.ts'
import { createOpenLeases } from '../../src/kit/lock.ts'

interface Request {
  readonly skuId: string
  readonly quantity: number
}

t.test('orders that do not fit into one batch together are all answered, also if nothing more comes', async t => {
  const allocator = createAllocator<Request, string>({
    leases: createOpenLeases(),
    commit: async (requests, lanes) => ({
      verdicts: requests.map(({ skuId }) => ({ kind: 'answer' as const, answer: skuId })),
      fences: new Map(lanes.map(({ skuId }) => [skuId, 1n]))
    })
  })
  const wanted = ['a', 'b', 'c', 'd'].map(skuId => ({ skuId, quantity: 1_500 }))
  t.same(await Promise.all(wanted.map(request => allocator.submit(request))), ['a', 'b', 'c', 'd'])
  await allocator.close()
})

t.test('after a batch that failed for no known reason each order is tried alone, whatever its SKU', async t => {
  const allocator = createAllocator<Request, string>({
    leases: createOpenLeases(),
    commit: async (requests, lanes) => {
      if (requests.some(({ quantity }) => quantity === 13)) throw new Error('unlucky')
      return {
        verdicts: requests.map(({ skuId }) => ({ kind: 'answer' as const, answer: skuId })),
        fences: new Map(lanes.map(({ skuId }) => [skuId, 1n]))
      }
    }
  })
  const wanted = ['a', 'b', 'c'].flatMap(skuId => [1, 2, 13].map(quantity => ({ skuId, quantity })))
  const answers = await Promise.allSettled(wanted.map(request => allocator.submit(request)))
  t.same(
    answers.map(({ status }) => status),
    wanted.map(({ quantity }) => (quantity === 13 ? 'rejected' : 'fulfilled'))
  )
  await allocator.close()
})
