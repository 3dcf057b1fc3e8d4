import { setTimeout as delay } from 'node:timers/promises'

// Long enough for a loaded machine; a test only waits this long when it fails.
const DEADLINE_MS = 20_000
const POLL_MS = 20

/** Resolves with the first truthy answer of `probe`; a throw counts as "not yet". */
export async function eventually<T>(what: string, probe: () => T | Promise<T>, deadlineMs = DEADLINE_MS): Promise<T> {
  const deadline = Date.now() + deadlineMs
  let last: unknown
  for (;;) {
    try {
      const answer = await probe()
      if (answer) return answer
      last = answer
    } catch (error) {
      last = error
    }
    if (Date.now() > deadline) throw new Error(`${what}: not within ${deadlineMs} ms`, { cause: last })
    await delay(POLL_MS)
  }
}
