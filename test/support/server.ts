/** A real kahub process for black-box tests: started as a user starts it, spoken to over HTTP, killed as a crash kills it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { CallOptions, Json } from './app.ts'
import { freshKey } from './app.ts'

export interface ServerReply {
  readonly status: number
  readonly headers: Headers
  readonly body: Json
}

export interface RunningServer {
  readonly base: string
  /** All that it wrote, both streams. */
  readonly output: () => string
  readonly as: (key: string) => (method: string, path: string, options?: CallOptions) => Promise<ServerReply>
  readonly kill: () => Promise<void>
  readonly terminate: () => Promise<number | null>
}

const START_MAX_MS = 90_000

/** Resolves when it is ready; `env` comes on top of a clean environment. */
export async function startServer(env: Readonly<Record<string, string>>): Promise<RunningServer> {
  const child = spawn(process.execPath, ['src/server.ts'], {
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], PORT: '0', LOG_LEVEL: 'info', ...env },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  let text = ''
  const ended = once(child, 'exit') as Promise<[number | null]>
  const base = await new Promise<string>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`not ready: ${text}`)), START_MAX_MS)
    const read = (chunk: Buffer): void => {
      text += chunk.toString()
      const address = /"address":"([^"]+)"/.exec(text)?.[1]
      if (address === undefined) return
      clearTimeout(timer)
      resolve(address)
    }
    child.stdout.on('data', read)
    child.stderr.on('data', read)
    void ended.then(([code]) => reject(new Error(`ended with ${code}: ${text}`)))
  })
  return {
    base,
    output: () => text,
    as: key => (method, path, options) => call(`${base}${path}`, method, key, options ?? {}),
    kill: () => signal(child, 'SIGKILL', ended).then(() => undefined),
    terminate: () => signal(child, 'SIGTERM', ended)
  }
}

async function signal(child: ChildProcess, name: NodeJS.Signals, ended: Promise<[number | null]>): Promise<number | null> {
  child.kill(name)
  return (await ended)[0]
}

async function call(url: string, method: string, key: string, options: CallOptions): Promise<ServerReply> {
  const isText = typeof options.body === 'string'
  const response = await fetch(url, {
    method,
    headers: {
      authorization: `Bearer ${key}`,
      ...(method === 'POST' ? { 'idempotency-key': options.key ?? freshKey() } : {}),
      ...(options.body === undefined || isText ? {} : { 'content-type': 'application/json' }),
      ...options.headers
    },
    ...(options.body === undefined ? {} : { body: isText ? (options.body as string) : JSON.stringify(options.body) })
  })
  const text = await response.text()
  return { status: response.status, headers: response.headers, body: text === '' ? null : JSON.parse(text) }
}
