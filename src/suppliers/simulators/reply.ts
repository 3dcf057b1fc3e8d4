/** Sends an answer, or what a broken supplier sends instead. */
import type { ServerResponse } from 'node:http'
import type { Fault } from './faults.ts'
import type { SimReply } from './protocol.ts'

const HUGE_CHUNK = Buffer.alloc(65_536, 0x20)
/** More than any buyer should read. */
const HUGE_CHUNKS = 1_600
const DRIP_MS = 50
export const ELSEWHERE = '/__elsewhere'

export function send(response: ServerResponse, reply: SimReply, fault: Fault | null): void {
  switch (fault) {
    case 'timeout_before':
    case 'timeout_after':
    case 'found_late':
      return
    case 'cut_after':
      response.destroy()
      return
    case 'error_before':
    case 'error_after':
      // With the words of a refusal, which mean nothing under this status.
      write(response, { ...reply, status: 503 })
      return
    case 'not_json':
      write(response, { status: 200, contentType: 'text/html', body: '<html><body>系统繁忙</body></html>' })
      return
    case 'empty':
      write(response, { status: 200, body: '' })
      return
    case 'truncated':
      write(response, { ...reply, body: reply.body.slice(0, Math.floor(reply.body.length / 2)) })
      return
    case 'redirect':
      response.writeHead(302, { location: ELSEWHERE }).end()
      return
    case 'huge':
      sendHuge(response)
      return
    case 'slow':
      drip(response, reply)
      return
    default:
      write(response, reply)
  }
}

function write(response: ServerResponse, { status, contentType = 'text/plain', body }: SimReply): void {
  response.writeHead(status, { 'content-type': contentType }).end(body)
}

function sendHuge(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/json' })
  let left = HUGE_CHUNKS
  const more = (): void => {
    while (left > 0 && !response.destroyed) {
      left -= 1
      if (!response.write(HUGE_CHUNK)) {
        response.once('drain', more)
        return
      }
    }
    response.end('{}')
  }
  more()
}

/** One byte at a time: each of them says that the connection lives, so only a limit on the whole ends it. */
function drip(response: ServerResponse, { status, body }: SimReply): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  let sent = 0
  const timer = setInterval(() => {
    if (response.destroyed || sent >= body.length) {
      clearInterval(timer)
      response.end()
    } else response.write(body[sent++])
  }, DRIP_MS)
  timer.unref()
}
