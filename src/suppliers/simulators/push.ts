/** Sends callbacks to the buyer, as a supplier does: without waiting for anything. */
import { request } from 'node:http'
import type { CallbackFault } from './faults.ts'
import type { Callback } from './protocol.ts'

const LATE_MS = 1_000
const PUSH_MAX_MS = 5_000

export interface Pushes {
  readonly genuine: Callback | null
  readonly forged: Callback | null
}

export function push(url: string, { genuine, forged }: Pushes, fault: CallbackFault | null): void {
  if (fault === 'callback_lost') return
  const callback = fault === 'callback_forged' ? forged : genuine
  if (callback === null) return
  if (fault === 'callback_late') setTimeout(() => post(url, callback), LATE_MS).unref()
  else post(url, callback)
  if (fault === 'callback_twice') post(url, callback)
}

function post(url: string, { headers, query, body }: Callback): void {
  if (!URL.canParse(url) || !url.startsWith('http://')) return
  const target = new URL(url)
  for (const [name, value] of Object.entries(query)) target.searchParams.set(name, value)
  const call = request(target, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, timeout: PUSH_MAX_MS })
  call.on('timeout', () => call.destroy())
  // The buyer is away: a lost callback is one of the things that it must bear.
  call.on('error', () => undefined)
  call.on('response', response => response.resume())
  call.end(body)
}
