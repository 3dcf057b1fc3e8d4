/** The operator's side of the API, as far as the bench needs it. */
import { randomUUID } from 'node:crypto'
import { Agent, request } from 'undici'

const PARALLEL = 24
/** An import of a million keys is one request. */
const ANSWER_MAX_MS = 900_000

export interface CallOptions {
  readonly body?: object | string | Buffer
  /** Another caller's key. */
  readonly key?: string
}

export interface Admin {
  isReady(): Promise<boolean>
  /** The answer's body. Throws an Error unless it is a 2xx. */
  call(method: 'GET' | 'POST' | 'PUT', path: string, options?: CallOptions): Promise<Record<string, unknown>>
  close(): Promise<void>
}

export function createAdmin(origin: string, adminKey: string): Admin {
  const dispatcher = new Agent({ connections: PARALLEL, headersTimeout: ANSWER_MAX_MS, bodyTimeout: ANSWER_MAX_MS })
  return {
    isReady: async () => {
      try {
        const { statusCode, body } = await request(`${origin}/health/ready`, { dispatcher })
        await body.dump()
        return statusCode === 200
      } catch {
        return false
      }
    },
    call: async (method, path, { body, key = adminKey } = {}) => {
      const isFile = typeof body === 'string' || Buffer.isBuffer(body)
      const answer = await request(`${origin}${path}`, {
        dispatcher,
        method,
        headers: {
          authorization: `Bearer ${key}`,
          ...(method === 'POST' ? { 'idempotency-key': randomUUID() } : {}),
          ...(body === undefined ? {} : { 'content-type': isFile ? 'text/plain' : 'application/json' })
        },
        ...(body === undefined ? {} : { body: isFile ? body : JSON.stringify(body) })
      })
      const text = await answer.body.text()
      if (answer.statusCode >= 300) throw new Error(`${method} ${path} answered ${answer.statusCode}: ${text}`)
      return JSON.parse(text) as Record<string, unknown>
    },
    close: () => dispatcher.destroy()
  }
}

/** Works through the items, some at a time, and keeps their order. */
export async function inParallel<T, R>(items: readonly T[], work: (item: T, index: number) => Promise<R>): Promise<R[]> {
  const results: R[] = new Array(items.length)
  let next = 0
  const worker = async (): Promise<void> => {
    for (let index = next++; index < items.length; index = next++) results[index] = await work(items[index] as T, index)
  }
  await Promise.all(Array.from({ length: Math.min(PARALLEL, items.length) }, worker))
  return results
}
