/** HTTP as an impatient client speaks it. */
import { Agent, request } from 'undici'

export interface Ask {
  readonly method: 'GET' | 'POST' | 'PUT'
  readonly path: string
  readonly key: string | null
  readonly idempotencyKey?: string
  readonly body?: object | string
  readonly headers?: Readonly<Record<string, string>>
  readonly timeoutMs?: number
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: a client does not know our types
  readonly body: any
}

const TIMEOUT_MS = 4_000

export interface Client {
  /** Throws when there is no answer: then the outcome is unknown. */
  ask(origin: string, ask: Ask): Promise<Answer>
  close(): Promise<void>
}

export function createClient(connections = 64): Client {
  const dispatcher = new Agent({ connections, connect: { timeout: TIMEOUT_MS } })
  return {
    ask: async (origin, { method, path, key, idempotencyKey, body, headers, timeoutMs = TIMEOUT_MS }) => {
      const isText = typeof body === 'string'
      const response = await request(`${origin}${path}`, {
        dispatcher,
        method,
        signal: AbortSignal.timeout(timeoutMs),
        headers: {
          ...(key === null ? {} : { authorization: `Bearer ${key}` }),
          ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
          ...(body === undefined ? {} : { 'content-type': isText ? 'text/plain' : 'application/json' }),
          ...headers
        },
        ...(body === undefined ? {} : { body: isText ? body : JSON.stringify(body) })
      })
      const text = await response.body.text()
      return { status: response.statusCode, headers: response.headers, text, body: parse(text) }
    },
    close: () => dispatcher.destroy()
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
