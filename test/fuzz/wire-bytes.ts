/** Bytes that begin as a request, and end as something that no library sends. */
import type { Draw } from './draw.ts'
import { type Outgoing, toBytes } from './wire.ts'

const LINES = [
  'Content-Length: 5\r\n',
  'Content-Length: 5, 5\r\n',
  'Content-Length: -1\r\n',
  'Content-Length: 0x5\r\n',
  'Content-Length: 99999999999999999999\r\n',
  'Content-Length : 5\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Transfer-Encoding: chunked, identity\r\n',
  'Transfer-Encoding: gzip\r\n',
  'Transfer-Encoding:\tchunked\r\n',
  'transfer-encoding: xchunked\r\n',
  ' folded: value\r\n',
  '\tfolded\r\n',
  'X: a\0b\r\n',
  'X: a\rb\r\n',
  'X: a\nY: b\r\n',
  'X\r\n',
  ': empty\r\n',
  'X Y: z\r\n',
  'Host: other\r\n',
  'Expect: 100-continue\r\n',
  'Expect: cake\r\n',
  'Upgrade: websocket\r\nConnection: Upgrade\r\n',
  'Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n',
  'Connection: close\r\n',
  'Connection: x-request-id, host\r\n',
  `X: ${'a'.repeat(17_000)}\r\n`,
  'A: b\r\n'.repeat(3_000),
  'X: \xe9\xff\r\n',
  'Trailer: X\r\nTE: trailers\r\n'
]
const STARTS = [
  'GET http://other.example.com/v1/orders HTTP/1.1',
  'OPTIONS * HTTP/1.1',
  'CONNECT a:1 HTTP/1.1',
  'TRACE / HTTP/1.1',
  'PRI * HTTP/2.0',
  'GET /',
  'GET / HTTP/1.0',
  'GET / HTTP/0.9',
  'GET / HTTP/1.2',
  'GET  /health/live  HTTP/1.1',
  'get / HTTP/1.1',
  'GET /\0 HTTP/1.1',
  'GET /%00 HTTP/1.1',
  'GET /../../etc/passwd HTTP/1.1',
  'GET //health/live HTTP/1.1',
  'GET /health/live;x=1 HTTP/1.1',
  'GET /health/live# HTTP/1.1',
  'GET ? HTTP/1.1',
  'GET /docs/static/%2e%2e/%2e%2e/package.json HTTP/1.1',
  'GET /docs/static/..%5cindex.css HTTP/1.1',
  'GET /openapi.json?%zz HTTP/1.1',
  'HEAD /openapi.json HTTP/1.1',
  'PROPFIND /v1/orders HTTP/1.1',
  'M-SEARCH * HTTP/1.1',
  'GET /docs/problems/__proto__ HTTP/1.1',
  'GET /docs/problems/%ED%A0%80 HTTP/1.1',
  `GET /${'a/'.repeat(4_000)} HTTP/1.1`,
  `GET /v1/orders/${'%41'.repeat(4_000)} HTTP/1.1`,
  'DELETE /metrics HTTP/1.1',
  '\r\n\r\nGET / HTTP/1.1'
]

export function bendBytes(draw: Draw, outgoing: Outgoing): Buffer {
  const bytes = toBytes(outgoing)
  const text = bytes.toString('latin1')
  const lineEnd = text.indexOf('\r\n')
  const headEnd = text.indexOf('\r\n\r\n')
  const at = draw.below(bytes.length)
  const bent = draw.pick<() => string>([
    () => `${text.slice(0, lineEnd + 2)}${draw.pick(LINES)}${text.slice(lineEnd + 2)}`,
    () => `${text.slice(0, headEnd + 2)}${draw.pick(LINES)}${draw.pick(LINES)}${text.slice(headEnd + 2)}`,
    () => `${draw.pick(STARTS)}${text.slice(lineEnd)}`,
    () => `${draw.pick(STARTS)}\r\nHost: x\r\n\r\n`,
    () => text.slice(0, at),
    () => `${text.slice(0, at)}${String.fromCharCode(draw.below(256))}${text.slice(at + draw.below(2))}`,
    () => `${text.slice(0, at)}${text.slice(at + draw.int(1, 40))}`,
    () => text.replaceAll('\r\n', draw.pick(['\n', '\r', '\r\r\n', '\n\r'])),
    () => `${text}${text}`,
    () => `${text}GARBAGE\r\n\r\n`,
    () =>
      text.replace(/\r\n[0-9a-f]+\r\n/, draw.pick(['\r\nzz\r\n', '\r\n-1\r\n', '\r\nFFFFFFFFFFFFFFFFF\r\n', '\r\n5;x="\r\n', '\r\n0\r\nX: y\r\n'])),
    () => Array.from({ length: draw.below(300) }, () => String.fromCharCode(draw.below(256))).join('')
  ])()
  return Buffer.from(bent, 'latin1')
}
