/** One request of a protocol: answered by its rules, unless the plan says that something goes wrong. */
import type { ServerResponse } from 'node:http'
import { callbackFault, type Fault, type FaultPlan, saleFault } from './faults.ts'
import type { Callback, CallbackVariant, Desk, SimProtocol, SimReply, SimRequest } from './protocol.ts'
import { push } from './push.ts'
import { send } from './reply.ts'
import type { Sale, Shop } from './shop.ts'

export interface CounterDeps {
  readonly protocol: SimProtocol
  readonly shop: Shop
  readonly plan: FaultPlan
  readonly config: Readonly<Record<string, string>>
  /** Where callbacks go if the order does not say. */
  readonly notifyUrl: string | null
  /** From the effect to the answer. */
  readonly delayMs: number
}

export interface Counter {
  serve(request: SimRequest, response: ServerResponse): void
  /** What the supplier would push about this sale or product; null where the system pushes nothing. */
  orderCallback(sale: Sale, variant?: CallbackVariant): Callback | null
  productCallback(code: string, variant?: CallbackVariant): Callback | null
  /** The cards of a pending sale are there now, and the buyer is told. */
  settle(reference: string): Sale
}

/** The request never came to anyone's notice. */
const BEFORE: readonly (Fault | null)[] = ['timeout_before', 'error_before', 'throttled']

export function createCounter({ protocol, shop, plan, config, notifyUrl, delayMs }: CounterDeps): Counter {
  const deskFor = (fault: Fault | null): Desk => ({ shop, config, fault: saleFault(fault), hidden: fault === 'not_found' })
  const answer = (response: ServerResponse, reply: SimReply, fault: Fault | null): void => {
    if (delayMs > 0) setTimeout(send, delayMs, response, reply, fault)
    else send(response, reply, fault)
  }
  const orderCallback = (sale: Sale, variant: CallbackVariant = 'genuine') => protocol.orderCallback(sale, deskFor(null), variant)
  const tell = (sale: Sale, fault: Fault | null): void => {
    const url = sale.notifyUrl ?? notifyUrl
    if (url === null || sale.state === 'pending') return
    push(url, { genuine: orderCallback(sale), forged: orderCallback(sale, 'forged') }, callbackFault(fault))
  }
  return {
    orderCallback,
    productCallback: (code, variant = 'genuine') => {
      const product = shop.products.get(code)
      return product === undefined ? null : protocol.productCallback(product, deskFor(null), variant)
    },
    settle: reference => {
      const sale = shop.settle(reference)
      tell(sale, null)
      return sale
    },
    serve(request, response) {
      const fault = plan.next(protocol.operation(request))
      const desk = deskFor(fault)
      if (BEFORE.includes(fault)) {
        answer(response, protocol.throttled(desk), fault)
        return
      }
      const sold = shop.book.length
      const reply = protocol.answer(request, desk)
      const sale = shop.book.length > sold ? shop.book.at(-1) : undefined
      // Before the answer: a callback may overtake it.
      if (sale !== undefined) tell(sale, fault)
      answer(response, fault === 'unknown_code' ? protocol.unknownCode(desk) : fault === 'error_after' ? protocol.throttled(desk) : reply, fault)
    }
  }
}
