/** One session: some steps, one after the other or at the same time, each answer judged and its ids fed on. */
import type { Answer, Operation } from '../acceptance/contract.ts'
import { type ApiRequest, drawApiRequest } from './api-request.ts'
import type { Draw } from './draw.ts'
import { judgeApi, judgeShop, judgeWire, parse } from './judge.ts'
import { drawShopRequest } from './shop-request.ts'
import { drawSupplierRequest, isSuppliers } from './supplier-request.ts'
import { type Outgoing, toBytes, UnreadableAnswer } from './wire.ts'
import { bendBytes } from './wire-bytes.ts'
import type { Scene } from './world.ts'

export interface Tally {
  requests: number
  /** Answers, by operation and status. */
  readonly seen: Map<string, number>
}

export interface Fault {
  readonly fault: string
  readonly request: string
  readonly answer: string
}

/** What ends the life of a thing that the rest of the session needs. */
const ENDING = /pause|revoke|delete|void|quarantine|remove|decline|rotate/i
const ENDING_SHARE = 0.25
const AT_ONCE_MAX = 6
const WIRE_SHARE = 0.08
const SHOUT_MS = 150
const SHOWN = 1_500

export async function playSession(draw: Draw, scene: Scene, { steps, tally }: { readonly steps: number; readonly tally: Tally }): Promise<Fault[]> {
  const faults: Fault[] = []
  // Nobody can say when all of an answer to no request has come: these are waited for in the end.
  const shouts: Promise<Fault[]>[] = []
  for (let step = 0; step < steps && faults.length === 0; step++) {
    if (draw.often(WIRE_SHARE)) {
      shouts.push(wireStep(drawBytes(draw, scene))(scene, tally))
      continue
    }
    const isTwin = draw.often(0.05)
    const first = drawStep(draw, scene)
    const others = Array.from({ length: draw.often(0.3) ? draw.int(1, AT_ONCE_MAX) : 0 }, () => (isTwin ? first : drawStep(draw, scene)))
    const found = await Promise.all([first, ...others].map(play => play(scene, tally)))
    faults.push(...found.flat())
  }
  return [...faults, ...(await Promise.all(shouts)).flat()]
}

type Step = (scene: Scene, tally: Tally) => Promise<Fault[]>

function drawStep(draw: Draw, scene: Scene): Step {
  const kind = draw.below(100)
  if (kind < 72) return apiStep(drawApiRequest(draw, scene, drawOperation(draw, scene.world.contract.operations)))
  return kind < 80 ? apiStep(drawSupplierRequest(draw, scene)) : shopStep(drawShopRequest(draw, scene))
}

function drawBytes(draw: Draw, scene: Scene): Buffer {
  const isApi = draw.often(0.8)
  const { outgoing } = isApi ? drawApiRequest(draw, scene, drawOperation(draw, scene.world.contract.operations)) : drawShopRequest(draw, scene)
  return bendBytes(draw, outgoing)
}

function drawOperation(draw: Draw, operations: readonly Operation[]): Operation {
  for (;;) {
    const operation = draw.pick(operations)
    if (isSuppliers(operation) && draw.often(0.8)) continue
    if (!ENDING.test(operation.id) || draw.often(ENDING_SHARE)) return operation
  }
}

const apiStep =
  (request: ApiRequest): Step =>
  async (scene, tally) => {
    const { id } = request.operation
    return await judged(scene, tally, { what: id, outgoing: request.outgoing, judge: answer => judgeApi(scene, request, answer) })
  }

const shopStep =
  ({ what, outgoing }: ReturnType<typeof drawShopRequest>): Step =>
  async (scene, tally) =>
    await judged(scene, tally, { what, outgoing, judge: answer => judgeShop(answer, scene.secrets) })

interface Asked {
  readonly what: string
  readonly outgoing: Outgoing
  readonly judge: (answer: Answer | null) => string[]
}

async function judged({ world, pool }: Scene, tally: Tally, { what, outgoing, judge }: Asked): Promise<Fault[]> {
  let answer: Answer | null
  try {
    answer = await world.wire.send(outgoing)
  } catch (error) {
    if (!(error instanceof UnreadableAnswer)) throw error
    return [{ fault: `an answer that cannot be read: ${error.message}`, request: `${what}\n${show(toBytes(outgoing))}`, answer: '' }]
  }
  tally.requests++
  const seen = `${what} ${answer?.status}`
  tally.seen.set(seen, (tally.seen.get(seen) ?? 0) + 1)
  const body = answer === null ? undefined : parse(answer.text)
  if (answer !== null && answer.status < 400) {
    pool.note(body)
    if (answer.headers['etag'] !== undefined) pool.note({ etag: answer.headers['etag'] })
  }
  return judge(answer).map(fault => ({
    fault,
    request: `${what}\n${show(toBytes(outgoing))}`,
    answer: `${answer?.status} ${answer?.text.slice(0, SHOWN)}`
  }))
}

const wireStep =
  (bytes: Buffer): Step =>
  async ({ world, secrets }, tally) => {
    tally.requests++
    try {
      const answers = await world.wire.shout(bytes, SHOUT_MS)
      return answers.flatMap(answer =>
        judgeWire(answer, secrets, bytes).map(fault => ({ fault, request: show(bytes), answer: `${answer.status} ${answer.text.slice(0, SHOWN)}` }))
      )
    } catch (error) {
      if (!(error instanceof UnreadableAnswer)) throw error
      return [{ fault: `an answer that cannot be read: ${error.message}`, request: show(bytes), answer: '' }]
    }
  }

const show = (bytes: Buffer): string => {
  const text = bytes.toString('latin1').replaceAll(/[^\x20-\x7e\n]/g, char => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`)
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}… (${bytes.length} bytes)` : text
}
