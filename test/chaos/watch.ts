/** Looks on while the faults strike: the fence of a SKU never goes back, and the invariants hold in every snapshot. */
import { setTimeout as wait } from 'node:timers/promises'
import pg from 'pg'
import { createFindings, type Finding } from './check/finding.ts'
import type { Rig } from './rig/rig.ts'

const LOOK_EVERY_MS = 1_000
const INVARIANTS_EVERY_MS = 20_000
const INVARIANTS_TIMEOUT_MS = 30_000

export interface Watch {
  /** How often it could look. */
  stop(): Promise<{ readonly fences: number; readonly invariants: number; readonly findings: readonly Finding[] }>
}

export function startWatch(rig: Rig): Watch {
  const found = createFindings()
  const newest = new Map<string, bigint>()
  const looks = { fences: 0, invariants: 0 }
  let stopped = false

  async function lookAtFences(): Promise<void> {
    const client = new pg.Client({ connectionString: rig.databaseUrl(), connectionTimeoutMillis: 2_000, query_timeout: 5_000 })
    client.on('error', () => undefined)
    try {
      await client.connect()
      const { rows } = await client.query<{ sku_id: string; fence: string }>('SELECT sku_id, fence::text FROM sku_fence')
      for (const { sku_id: id, fence } of rows) {
        if (BigInt(fence) < (newest.get(id) ?? 0n)) found.add('a fence never goes back', `${id}: ${newest.get(id)} to ${fence}`)
        newest.set(id, BigInt(fence))
      }
      looks.fences++
    } catch {
      // The database is away: that is a fault, not a finding.
    } finally {
      await client.end().catch(() => undefined)
    }
  }

  async function run(): Promise<void> {
    let askAt = performance.now() + INVARIANTS_EVERY_MS
    while (!stopped) {
      await lookAtFences()
      if (performance.now() > askAt) {
        askAt = performance.now() + INVARIANTS_EVERY_MS
        const report = await readInvariants(rig, 0)
        if (report !== null) looks.invariants++
        for (const finding of report ?? []) found.add(finding.rule, finding.detail)
      }
      await wait(LOOK_EVERY_MS)
    }
  }

  const running = run()
  return {
    stop: async () => {
      stopped = true
      await running
      return { ...looks, findings: found.list }
    }
  }
}

/** Null: there was no report to be had. */
export async function readInvariants(rig: Rig, server: number): Promise<Finding[] | null> {
  try {
    const response = await fetch(`${rig.servers[server]?.origin}/v1/admin/invariants`, {
      headers: { authorization: `Bearer ${rig.adminKey}` },
      signal: AbortSignal.timeout(INVARIANTS_TIMEOUT_MS)
    })
    if (!response.ok) return null
    const report = (await response.json()) as { ok: boolean; data: { name: string; broken: number; sample: unknown }[] }
    return report.data
      .filter(({ broken }) => broken > 0)
      .map(({ name, broken, sample }) => ({ rule: `invariant ${name}`, detail: `${broken}: ${JSON.stringify(sample)}` }))
  } catch {
    return null
  }
}
