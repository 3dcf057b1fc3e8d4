/** A load generator, as a process of its own: it shares the machine with what it measures, so it does little. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createHistogram, record } from '../histogram.ts'
import { serialOf } from './card-text.ts'
import { type Answer, type Connection, openConnection } from './connection.ts'
import type { FromGenerator, LoadPlan, LoadResult, LoadRun, ToGenerator } from './contract.ts'
import { createRequests } from './requests.ts'

if (process.send === undefined) throw new Error('this file is started by load.ts')
const send = (message: FromGenerator): boolean | undefined => process.send?.(message)

/** Connecting is no part of a measurement: in steps that fit the listener's backlog. */
const CONNECT_AT_ONCE = 256
/** An order that was not answered for this long counts as an error. */
const ANSWER_MAX_MS = 30_000
const SECRET = '"secret":"'
const CODE = '"code":"'

let plan: LoadPlan | null = null
let next: () => string = () => ''
const connections: Connection[] = []

async function open(wanted: LoadPlan): Promise<number> {
  plan = wanted
  next = createRequests(wanted)
  let failed = 0
  for (let at = 0; at < wanted.connections; at += CONNECT_AT_ONCE) {
    const ports = Array.from({ length: Math.min(CONNECT_AT_ONCE, wanted.connections - at) }, (_, index) => portOf(wanted, at + index))
    const opened = await Promise.allSettled(ports.map(port => openConnection(wanted.host, port)))
    for (const each of opened) {
      if (each.status === 'fulfilled') connections.push(each.value)
      else failed++
    }
  }
  return failed
}

/** The server closes connections that were idle for long, as it may; that is no error of a run that has not begun. */
async function reopenClosed(wanted: LoadPlan): Promise<void> {
  const closed = connections.flatMap((connection, index) => (connection.open ? [] : [index]))
  for (let at = 0; at < closed.length; at += CONNECT_AT_ONCE) {
    await Promise.all(
      closed.slice(at, at + CONNECT_AT_ONCE).map(async index => {
        connections[index] = await openConnection(wanted.host, portOf(wanted, index))
      })
    )
  }
}

const portOf = ({ ports }: LoadPlan, index: number): number => ports[index % ports.length] ?? 0
const textAfter = (body: string, mark: string): string => {
  const at = body.indexOf(mark) + mark.length
  return at < mark.length ? '' : body.slice(at, body.indexOf('"', at))
}

type Tally = ReturnType<typeof startTally>

function startTally(isOrder: boolean, until: number, startedAt: number) {
  const latencies = createHistogram()
  const refusals: Record<string, number> = {}
  const errors: Record<string, number> = {}
  const perSecond: number[] = []
  const serials: number[] = []
  const counts = { answers: 0, successes: 0, placed: 0 }
  const count = (into: Record<string, number>, name: string): void => {
    into[name] = (into[name] ?? 0) + 1
  }
  const success = (body: string, now: number): void => {
    counts.placed++
    if (isOrder) {
      const serial = serialOf(textAfter(body, SECRET))
      if (serial === -1) count(errors, 'a card that is not ours')
      else serials.push(serial)
    }
    if (now > until) return
    counts.successes++
    const second = Math.floor((now - startedAt) / 1_000)
    perSecond[second] = (perSecond[second] ?? 0) + 1
  }
  const take = (answer: Answer | string, begun: number, now: number): void => {
    if (typeof answer === 'string') {
      count(errors, answer)
      return
    }
    if (now <= until) {
      counts.answers++
      record(latencies, now - begun)
    }
    if (answer.status < 300) success(answer.body, now)
    else count(answer.status < 500 ? refusals : errors, `${answer.status} ${textAfter(answer.body, CODE)}`)
  }
  return { take, counts, latencies, refusals, errors, perSecond, serials }
}

/** Every connection asks, waits for its answer and asks again, until time or limit ends it. Returns when the last answer came. */
async function askAll(run: LoadRun, startedAt: number, tally: Tally): Promise<number> {
  const until = startedAt + run.seconds * 1_000
  const limit = run.limit ?? Number.POSITIVE_INFINITY
  const dueAt = (index: number): number => (run.perSecond === undefined ? startedAt : startedAt + (index * 1_000) / run.perSecond)
  let asked = 0
  let lastAt = startedAt
  let unanswered = connections.length
  const loop = (connection: Connection, done: () => void): void => {
    const now = performance.now()
    const begun = Math.max(dueAt(asked), run.perSecond === undefined ? now : 0)
    if (Math.max(now, begun) >= until || asked >= limit) {
      unanswered--
      done()
      return
    }
    asked++
    const ask = (): void =>
      connection.ask(next(), answer => {
        lastAt = performance.now()
        tally.take(answer, begun, lastAt)
        if (connection.open) loop(connection, done)
        else {
          unanswered--
          done()
        }
      })
    if (begun > now) setTimeout(ask, begun - now)
    else ask()
  }
  const finished = Promise.all(connections.map(connection => new Promise<void>(resolve => loop(connection, resolve))))
  await Promise.race([finished, sleep(run.seconds * 1_000 + ANSWER_MAX_MS, undefined, { ref: false })])
  if (unanswered > 0) tally.errors['no answer'] = unanswered
  return lastAt
}

async function execute(wanted: LoadPlan, run: LoadRun): Promise<LoadResult> {
  await reopenClosed(wanted)
  const cpu = process.cpuUsage()
  const startedAt = performance.now()
  const until = startedAt + run.seconds * 1_000
  const tally = startTally(wanted.request.kind === 'order', until, startedAt)
  const lastAt = await askAll(run, startedAt, tally)
  const { user, system } = process.cpuUsage(cpu)
  const { counts, latencies, refusals, errors, perSecond, serials } = tally
  return {
    ...counts,
    latencies,
    refusals,
    errors,
    perSecond,
    serials: Uint32Array.from(serials),
    seconds: (run.limit === undefined ? run.seconds * 1_000 : Math.min(lastAt, until) - startedAt) / 1_000,
    cpuSeconds: (user + system) / 1e6
  }
}

async function handle(message: ToGenerator): Promise<void> {
  if (message.type === 'open') send({ type: 'opened', failed: await open(message.plan) })
  else if (message.type === 'run' && plan !== null) send({ type: 'done', result: await execute(plan, message.run) })
  else {
    for (const connection of connections.splice(0)) connection.close()
    send({ type: 'closed' })
  }
}

process.on('message', (message: ToGenerator) => void handle(message))
process.on('disconnect', () => process.exit(0))
