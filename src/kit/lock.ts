/**
 * Leases by name over Redis: who tries, never who wins. A lease may be lost, expire early or be granted twice; whatever is done
 * under it must be separated by PostgreSQL as well.
 *
 * Waiters announce themselves (`want`), so a holder needs to ask nothing while nobody waits, and hears at once when somebody does.
 */
import { randomUUID } from 'node:crypto'
import type { Redis } from './redis.ts'

export type LeaseAnswer = 'granted' | 'taken' | 'unknown'

export interface Leases {
  /** Takes or prolongs; safe to send twice. `unknown`: Redis did not answer. */
  take(name: string): Promise<LeaseAnswer>
  /** Gives the lease back and wakes the waiters; does nothing if it is no longer ours. */
  giveBack(name: string): Promise<void>
  /** Tells the holder, in whatever process, that somebody waits. */
  want(name: string): void
  onWanted(listener: (name: string) => void): void
  onFreed(listener: (name: string) => void): void
  close(): Promise<void>
}

/** A holder that dies leaves its SKU to others after this long; orders meanwhile go on with row locks alone. */
export const LEASE_TTL_MS = 10_000

const WANTED = 'kahub:wanted'
const FREED = 'kahub:freed'
const keyOf = (name: string): string => `kahub:lease:${name}`

/** KEYS lease · ARGV owner, ttl ms · 1 granted or prolonged, 0 taken. Owner-aware, so that a command sent twice gives the same answer. */
const TAKE = `
local holder = redis.call('GET', KEYS[1])
if holder == false then redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) return 1 end
if holder == ARGV[1] then redis.call('PEXPIRE', KEYS[1], ARGV[2]) return 1 end
return 0`

/** KEYS lease · ARGV owner, channel, name · 1 given back, 0 not ours. */
const GIVE_BACK = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
redis.call('PUBLISH', ARGV[2], ARGV[3])
return 1`

interface LeaseCommands {
  kahubTake(key: string, owner: string, ttlMs: number): Promise<number>
  kahubGiveBack(key: string, owner: string, channel: string, name: string): Promise<number>
}

export function createLeases(redis: Redis, subscriber: Redis): Leases {
  const owner = randomUUID()
  redis.defineCommand('kahubTake', { numberOfKeys: 1, lua: TAKE })
  redis.defineCommand('kahubGiveBack', { numberOfKeys: 1, lua: GIVE_BACK })
  const commands = redis as unknown as LeaseCommands
  const listeners: Record<string, ((name: string) => void)[]> = { [WANTED]: [], [FREED]: [] }
  subscriber.subscribe(WANTED, FREED).catch(() => undefined)
  subscriber.on('message', (channel: string, message: string) => {
    const [sender, name = ''] = message.split(' ')
    if (sender !== owner) for (const listener of listeners[channel] ?? []) listener(name)
  })
  return {
    take: async name => {
      try {
        return (await commands.kahubTake(keyOf(name), owner, LEASE_TTL_MS)) === 1 ? 'granted' : 'taken'
      } catch {
        return 'unknown'
      }
    },
    giveBack: async name => {
      await commands.kahubGiveBack(keyOf(name), owner, FREED, `${owner} ${name}`).catch(() => undefined)
    },
    want: name => {
      redis.publish(WANTED, `${owner} ${name}`).catch(() => undefined)
    },
    onWanted: listener => listeners[WANTED]?.push(listener),
    onFreed: listener => listeners[FREED]?.push(listener),
    close: async () => {
      redis.disconnect()
      subscriber.disconnect()
    }
  }
}

/** Every lease is granted to everybody: for tests that prove that nothing but speed depends on them. */
export const createOpenLeases = (): Leases => ({
  take: async () => 'granted',
  giveBack: async () => undefined,
  want: () => undefined,
  onWanted: () => undefined,
  onFreed: () => undefined,
  close: async () => undefined
})
