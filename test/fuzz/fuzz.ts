/** Plays sessions against a hub that listens, and says what went wrong. */
import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import { readContract } from '../acceptance/contract.ts'
import { ADMIN_KEY, MASTER_KEY, type TestApp } from '../support/app.ts'
import { Draw } from './draw.ts'
import { type Fault, playSession, type Tally } from './session.ts'
import { Wire } from './wire.ts'
import { setScene, type World } from './world.ts'

const HOST = '127.0.0.1'
/** Levels of pino: an error is what nobody has thought of. */
const ERROR_LINE = /"level":(50|60)/
const SHOWN_LINES = 3

export interface Fuzzer {
  readonly tally: Tally
  /** Null: nothing was wrong. Otherwise the path of fast-check that leads there, and what was. */
  play(options: PlayOptions): Promise<{ readonly path: string; readonly faults: readonly Fault[] } | null>
  close(): void
}

export interface PlayOptions {
  readonly seed: number
  readonly sessions: number
  readonly steps: number
  readonly path?: string
}

/** `logLines` are those of the hub. */
export async function createFuzzer(hub: TestApp, logLines: string[]): Promise<Fuzzer> {
  await hub.app.listen({ port: 0, host: HOST })
  const target = { host: HOST, port: (hub.app.server.address() as AddressInfo).port }
  const contract = readContract((await hub.anonymous('GET', '/openapi.json')).body)
  const world: World = { wire: new Wire(target), contract, operatorKey: ADMIN_KEY, admin: hub.admin, as: hub.as }
  const tally: Tally = { requests: 0, seen: new Map() }
  let faults: Fault[] = []

  const session = async (draw: Draw, steps: number): Promise<boolean> => {
    const scene = await setScene(world)
    faults = await playSession(draw, { ...scene, secrets: [...scene.secrets, MASTER_KEY] }, { steps, tally })
    const errors = logLines.splice(0).filter(line => ERROR_LINE.test(line))
    for (const line of errors.slice(0, SHOWN_LINES)) faults.push({ fault: 'an error in the log', request: '', answer: line })
    return faults.length === 0
  }

  return {
    tally,
    play: async ({ seed, sessions, steps, path }) => {
      const property = fc.asyncProperty(fc.gen(), async choose => await session(new Draw(choose), steps))
      const report = await fc.check(property, { seed, numRuns: sessions, endOnFailure: true, ...(path === undefined ? {} : { path }) })
      if (!report.failed) return null
      if (report.errorInstance instanceof Error && faults.length === 0) throw report.errorInstance
      return { path: report.counterexamplePath ?? '', faults }
    },
    close: () => world.wire.close()
  }
}
