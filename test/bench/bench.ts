/** What every scenario has: the servers, the yardstick, the shops, and the book of what was delivered. */
import { join } from 'node:path'
import { HOT_RESELLERS, MANY_RESELLERS, MANY_SKUS, type Options } from './options.ts'
import { type Kahub, startKahub } from './rig/kahub.ts'
import { type Lab, startLab } from './rig/lab.ts'
import { createDeliveries, type Deliveries, openShop, type Shop } from './rig/shop.ts'
import type { YardstickDriver } from './yardstick/contract.ts'
import { createNodeDriver } from './yardstick/node-driver.ts'
import { createPgbenchDriver } from './yardstick/pgbench-driver.ts'

export interface Bench {
  readonly options: Options
  readonly lab: Lab
  /** pgbench where it is on the PATH, and the driver that needs nothing but npm. */
  readonly drivers: readonly YardstickDriver[]
  readonly deliveries: Deliveries
  /** Orders that were answered with a card, by database. */
  readonly placed: Map<string, number>
  readonly profileTo: string | null
  log(line: string): void
  /** The instance that most scenarios share. */
  kahub(): Promise<Kahub>
  /** One SKU, 200 resellers. */
  hotShop(): Promise<Shop>
  /** 1,000 SKUs, 1,000 resellers. */
  manyShop(): Promise<Shop>
  /** Another instance; stopped at the end, if not before. */
  startKahub(databaseUrl: string): Promise<Kahub>
  stop(): Promise<void>
}

export async function startBench(options: Options, log: (line: string) => void): Promise<Bench> {
  const lab = await startLab(options)
  const drivers = startDrivers(options, lab.databaseUrl)
  const started: Kahub[] = []
  const profileTo = options.profile ? join(options.output, '..', 'profile') : null
  const start = async (databaseUrl: string): Promise<Kahub> => {
    const kahub = await startKahub(lab, { databaseUrl, logLevel: options.logLevel, profileTo })
    started.push(kahub)
    return kahub
  }
  const shared = once(() => start(lab.databaseUrl))
  const shopOf = (shape: { skus: number; resellers: number }) =>
    once(async () => {
      log(`  opening a shop of ${shape.skus} SKU(s) and ${shape.resellers} resellers`)
      return await openShop(await shared(), shape)
    })
  return {
    options,
    lab,
    drivers,
    deliveries: createDeliveries(),
    placed: new Map(),
    profileTo,
    log,
    kahub: shared,
    hotShop: shopOf({ skus: 1, resellers: HOT_RESELLERS }),
    manyShop: shopOf({ skus: MANY_SKUS, resellers: MANY_RESELLERS }),
    startKahub: start,
    stop: async () => {
      await Promise.all(drivers.map(driver => driver.stop()))
      await Promise.all(started.map(kahub => kahub.stop()))
      await lab.stop()
    }
  }
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => {
    made ??= make()
    return made
  }
}

function startDrivers({ driver }: Options, databaseUrl: string): YardstickDriver[] {
  const pgbench = driver === 'node' ? null : createPgbenchDriver(databaseUrl)
  if (pgbench === null && driver === 'pgbench') throw new Error('there is no pgbench on the PATH')
  return [...(pgbench === null ? [] : [pgbench]), ...(driver === 'pgbench' ? [] : [createNodeDriver(databaseUrl)])]
}
