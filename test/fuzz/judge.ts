/** Is this an answer that a client may get, whatever it asked? */
import type { Answer } from '../acceptance/contract.ts'
import type { Json } from '../support/app.ts'
import type { ApiRequest } from './api-request.ts'
import type { Scene } from './world.ts'

const PROBLEM = 'application/problem+json'
/** Answers to a head that nobody can serve, before any operation is chosen. */
const OF_THE_HEAD = new Set([400, 404, 405, 408, 413, 414, 415, 417, 431])
const LEAKS =
  /node_modules|\.ts:\d|\bat (Object|async|new)\b|SELECT |INSERT INTO|violates|duplicate key|syntax error|\bpg_|relation "|ECONN|postgres|Cannot read prop|is not a function|is not iterable/i

/** What is wrong with the answer to a request of an operation. */
export function judgeApi({ world, secrets }: Scene, request: ApiRequest, answer: Answer | null): string[] {
  if (answer === null) return ['the connection ended without an answer']
  const { operation, outgoing, refused, isOdd } = request
  if (outgoing.method === 'HEAD') return answer.status >= 500 ? ['a server error'] : []
  if (isOdd && OF_THE_HEAD.has(answer.status)) return [...judgeProblem(answer), ...secretsIn(answer, secrets)]
  if (isOdd && answer.status === 304) return []
  const found = world.contract.check(operation, answer).filter(fault => fault !== 'a server error' || !isBusy(answer))
  if (refused && answer.status < 400) found.push('taken, although the document refuses it')
  return [...found, ...secretsIn(answer, secrets)]
}

/** Documented for every operation: later it works. */
const isBusy = ({ status, headers }: Answer): boolean => status === 503 && headers['retry-after'] !== undefined

/** An answer to something that may be no request at all, and may have reached another system's protocol. */
export function judgeWire(answer: Answer, secrets: readonly string[], bytes: Buffer): string[] {
  const found = secretsIn(answer, secrets)
  if (answer.status >= 500 && !isBusy(answer)) found.push('a server error')
  if (LEAKS.test(answer.text) && answer.status >= 400) found.push('an answer that speaks of the inside')
  const isBare = answer.status < 400 || bytes.subarray(0, 5).toString() === 'HEAD '
  const isOther = bytes.includes('/facades/') && String(answer.headers['content-type']).startsWith('application/json')
  return isBare || isOther ? found : [...found, ...judgeProblem(answer)]
}

function judgeProblem({ status, headers, text }: Answer): string[] {
  if (!String(headers['content-type']).startsWith(PROBLEM)) return [`an error of type ${headers['content-type']}`]
  const problem = parse(text)
  const isWhole = problem?.status === status && problem.requestId === headers['x-request-id'] && problem.type === `/docs/problems/${problem.code}`
  return isWhole ? [] : ['a problem that is not whole']
}

/** Another system's protocol: mostly HTTP 200, always JSON. */
export function judgeShop(answer: Answer | null, secrets: readonly string[]): string[] {
  if (answer === null) return ['the connection ended without an answer']
  const found = secretsIn(answer, secrets)
  if (answer.status >= 500) found.push('a server error')
  if (LEAKS.test(answer.text)) found.push('an answer that speaks of the inside')
  if (!/^application\/(problem\+)?json/.test(String(answer.headers['content-type'])))
    found.push(`an answer of type ${answer.headers['content-type']}`)
  else if (parse(answer.text) === undefined) found.push('an answer that is no JSON')
  return found
}

const secretsIn = ({ text }: Answer, secrets: readonly string[]): string[] =>
  secrets.some(secret => text.includes(secret)) ? ['an answer with a secret in it'] : []

export function parse(text: string): Json {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
