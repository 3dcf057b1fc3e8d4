/** What the processes of a run tell each other. */
import type { LinkFault } from './fault-proxy.ts'

/** The links, by name: from each server to what it needs, from the load to each server, and from all servers outwards. */
export const LINKS = ['postgres-0', 'postgres-1', 'redis-0', 'redis-1', 'api-0', 'api-1', 'supplier-0', 'supplier-1', 'receiver'] as const
export type LinkName = (typeof LINKS)[number]

export type ProxyOrder =
  | { readonly do: 'target'; readonly link: LinkName; readonly port: number | null }
  | { readonly do: 'fault'; readonly link: LinkName; readonly fault: LinkFault }

export type ProxyReport = { readonly ports: Readonly<Record<LinkName, number>> }

export type DatabasesOrder =
  | { readonly do: 'start'; readonly dataDir: string; readonly redisPassword: string }
  /** While held down, Valkey is not started again. */
  | { readonly do: 'hold-valkey'; readonly hold: boolean }
  | { readonly do: 'stop' }

export type DatabasesReport =
  /** PostgreSQL is up, at another port after each start. */
  | { readonly is: 'postgres'; readonly url: string; readonly pid: number; readonly starts: number }
  | { readonly is: 'valkey'; readonly port: number; readonly pid: number; readonly starts: number }
  | { readonly is: 'failed'; readonly reason: string }
  | { readonly is: 'stopped' }

export interface SupplierStall {
  readonly origin: string
  readonly config: Readonly<Record<string, string>>
  readonly controlToken: string
}

export type WorldReport =
  | { readonly is: 'open'; readonly suppliers: readonly SupplierStall[]; readonly receiverPort: number }
  /** How often somebody followed a redirect, here and at the suppliers. */
  | { readonly is: 'strays'; readonly count: number }

export type WorldOrder =
  | { readonly do: 'open'; readonly seed: number; readonly dumpFile: string }
  /** Of a hundred deliveries to the bad endpoint, this many fail. */
  | { readonly do: 'receiver-faults'; readonly percent: number }
  | { readonly do: 'count-strays' }

/** What a nemesis has to know to hurt. */
export interface Targets {
  /** Null: it is not running. `starting`: it has not said yet that it is ready. */
  readonly servers: readonly ({ readonly pid: number; readonly starting: boolean } | null)[]
  readonly postgresPid: number
  readonly postgresUrl: string
  readonly valkeyPid: number
  readonly redisUrl: string
  readonly suppliers: readonly SupplierStall[]
  readonly hotSkuIds: readonly string[]
  /** Where PostgreSQL's disk can be filled; null: it is the machine's own. */
  readonly smallDisk: string | null
}

export type NemesisOrder =
  | { readonly do: 'start'; readonly seed: number; readonly seconds: number; readonly faults: readonly string[]; readonly targets: Targets }
  | { readonly do: 'targets'; readonly targets: Targets }

export type NemesisReport =
  /** Before it does: an end that was announced is no crash. */
  | { readonly is: 'ending'; readonly server: number; readonly signal: NodeJS.Signals }
  | { readonly is: 'link'; readonly link: LinkName; readonly fault: LinkFault }
  | { readonly is: 'hold-valkey'; readonly hold: boolean }
  | { readonly is: 'receiver-faults'; readonly percent: number }
  | { readonly is: 'fault'; readonly name: string; readonly detail: string }
  | { readonly is: 'missed'; readonly name: string; readonly detail: string }
  | { readonly is: 'done' }
