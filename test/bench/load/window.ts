/** Keeps a number of orders open that are bought from a supplier: as some are delivered, as many are placed. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Connection, openConnection } from './connection.ts'
import type { LoadPlan } from './contract.ts'
import { createRequests } from './requests.ts'

export interface Window {
  readonly placed: () => number
  readonly delivered: () => number
  /** Answers that were no 202, by status. */
  readonly errors: Readonly<Record<string, number>>
  /** Places no more, and resolves when all are delivered or `maxMs` have passed. */
  drain(maxMs: number): Promise<void>
  close(): void
}

const POLL_MS = 20
const ACCEPTED = 202

export interface WindowOptions {
  readonly size: number
  /** How many have been delivered since the start. */
  readonly countDelivered: () => Promise<number>
}

export async function openWindow(plan: LoadPlan, { size, countDelivered }: WindowOptions): Promise<Window> {
  const connections = await Promise.all(Array.from({ length: plan.connections }, () => openConnection(plan.host, plan.ports[0] ?? 0)))
  const next = createRequests(plan)
  const errors: Record<string, number> = {}
  const idle = [...connections]
  let asked = 0
  let placed = 0
  let delivered = 0
  let ended = false
  const ask = (connection: Connection): void => {
    asked++
    connection.ask(next(), answer => {
      const status = typeof answer === 'string' ? answer : answer.status
      if (status === ACCEPTED) placed++
      else {
        asked--
        errors[status] = (errors[status] ?? 0) + 1
      }
      idle.push(connection)
      fill()
    })
  }
  const fill = (): void => {
    while (!ended && asked - delivered < size) {
      const connection = idle.pop()
      if (connection === undefined || !connection.open) return
      ask(connection)
    }
  }
  const follow = async (): Promise<void> => {
    while (!ended || delivered < asked) {
      delivered = await countDelivered()
      fill()
      await sleep(POLL_MS, undefined, { ref: false })
    }
  }
  const followed = follow()
  return {
    placed: () => placed,
    delivered: () => delivered,
    errors,
    drain: async maxMs => {
      ended = true
      await Promise.race([followed, sleep(maxMs, undefined, { ref: false })])
    },
    close: () => {
      for (const connection of connections) connection.close()
    }
  }
}
