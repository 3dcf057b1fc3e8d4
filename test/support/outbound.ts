/** Outbound HTTP for tests against servers on this machine, with limits that a test can wait for. */
import { Agent, request } from 'undici'
import type { OutboundHttp } from '../../src/kit/outbound-http.ts'

export interface OutboundLimits {
  readonly timeoutMs: number
  readonly maxBytes: number
}

const NOT_SENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH', 'UND_ERR_CONNECT_TIMEOUT'])

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : '')

export function createTestOutbound({ timeoutMs, maxBytes }: OutboundLimits): OutboundHttp {
  const dispatcher = new Agent()
  return {
    async send({ method, url, headers, body }) {
      const signal = AbortSignal.timeout(timeoutMs)
      try {
        const answer = await request(url, { method, dispatcher, signal, headers: { ...headers }, ...(body === undefined ? {} : { body }) })
        const chunks: Buffer[] = []
        let size = 0
        for await (const chunk of answer.body) {
          size += chunk.length
          if (size > maxBytes) {
            answer.body.destroy()
            return { kind: 'failed', failure: 'too_large', detail: 'too large' }
          }
          chunks.push(chunk)
        }
        const found = Object.entries(answer.headers).map(([name, value]) => [name, String(value)])
        return { kind: 'answer', status: answer.statusCode, headers: Object.fromEntries(found), body: Buffer.concat(chunks).toString('utf8') }
      } catch (error) {
        const failure = signal.aborted ? 'timeout' : NOT_SENT.has(codeOf(error)) ? 'not_connected' : 'broken'
        return { kind: 'failed', failure, detail: codeOf(error) }
      }
    },
    close: () => dispatcher.destroy()
  }
}
