/** The real way out, for servers on this machine, with limits that a test can wait for. */
import { createOutboundHttp, type OutboundHttp } from '../../src/kit/outbound-http.ts'

export interface OutboundLimits {
  readonly timeoutMs: number
  readonly maxBytes: number
}

export function createTestOutbound(limits: OutboundLimits): OutboundHttp {
  const http = createOutboundHttp({ userAgent: 'kahub-test', allowPrivate: true })
  return { ...http, send: request => http.send({ ...request, ...limits }) }
}
