/** One attempt: signed and sent without a transaction, then its outcome written in one. */
import { Webhook } from 'standardwebhooks'
import type { Db, Tx } from '../../kit/db/index.ts'
import { failpoint } from '../../kit/failpoint.ts'
import { toApiId } from '../../kit/ids.ts'
import type { OutboundAnswer, OutboundHttp } from '../../kit/outbound-http.ts'
import { publish } from '../../kit/outbox.ts'
import type { SigningSecrets } from '../../kit/signing-secrets.ts'
import { ATTEMPT_TIMEOUT_MS, type AttemptOutcome, type ClaimedDelivery } from './delivery.ts'
import { writeOutcome } from './delivery-repository.ts'
import { isGivenUp, type PauseReason } from './endpoint.ts'
import { lockEndpoint, noteFailure, noteSuccess, pauseEndpointRow } from './endpoint-repository.ts'
import { endpointUrlProblem, type UrlPolicy } from './endpoint-url.ts'
import { endpointPausedEvent } from './events.ts'
import { retryAfterMs, retryWaitMs } from './retry-schedule.ts'

export interface AttemptDeps {
  readonly db: Db
  readonly http: OutboundHttp
  readonly signingSecrets: SigningSecrets
  readonly urlPolicy: UrlPolicy
}

/** An endpoint's answer is of no interest beyond its status; what is longer costs it the connection. */
const ANSWER_MAX_BYTES = 65_536
const GONE = 410

export async function attemptDelivery(deps: AttemptDeps, delivery: ClaimedDelivery): Promise<void> {
  failpoint('webhook.claimed')
  const outcome = await send(deps, delivery)
  failpoint('webhook.answered')
  await deps.db.tx(tx => record(tx, delivery, outcome))
}

async function send({ db, http, signingSecrets, urlPolicy }: AttemptDeps, { endpointId, url, event }: ClaimedDelivery): Promise<AttemptOutcome> {
  if (endpointUrlProblem(url, urlPolicy) !== null) return failure('refused_address')
  const secrets = (await signingSecrets.live(db, [endpointId])).get(endpointId)
  if (secrets === undefined) return failure('no_secret')
  const body = JSON.stringify({ type: event.type, timestamp: event.createdAt.toISOString(), data: event.data })
  const answer = await http.send({
    method: 'POST',
    url,
    headers: signedHeaders(secrets, toApiId('event', event.id), body),
    body,
    timeoutMs: ATTEMPT_TIMEOUT_MS,
    maxBytes: ANSWER_MAX_BYTES,
    statusOnly: true
  })
  return toOutcome(answer)
}

function signedHeaders(secrets: readonly string[], id: string, body: string): Record<string, string> {
  const now = new Date()
  return {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)),
    'webhook-signature': secrets.map(secret => new Webhook(secret).sign(id, now, body)).join(' ')
  }
}

const failure = (error: string): AttemptOutcome => ({ delivered: false, status: null, error, retryAfterMs: null })

function toOutcome(answer: OutboundAnswer): AttemptOutcome {
  if (answer.kind === 'failed') return failure(answer.failure === 'not_connected' ? `not_connected: ${answer.detail}` : answer.failure)
  const { status, headers } = answer
  if (status >= 200 && status < 300) return { delivered: true, status, error: null, retryAfterMs: null }
  return { delivered: false, status, error: `answered ${status}`, retryAfterMs: retryAfterMs(headers['retry-after'], new Date()) }
}

/** An endpoint that was deleted meanwhile has no outcome. */
async function record(tx: Tx, delivery: ClaimedDelivery, outcome: AttemptOutcome): Promise<void> {
  const endpoint = await lockEndpoint(tx, delivery.endpointId, null)
  if (endpoint === null) return
  const wait = outcome.delivered ? null : retryWaitMs(delivery.attempts, outcome.retryAfterMs, Math.random())
  if (!(await writeOutcome(tx, delivery, outcome, wait))) return
  if (outcome.delivered) {
    if (endpoint.failingSince !== null) await noteSuccess(tx, endpoint.id)
    return
  }
  const failingSince = await noteFailure(tx, endpoint.id)
  if (outcome.status === GONE) await pause(tx, endpoint.id, 'gone')
  else if (isGivenUp(failingSince, new Date())) await pause(tx, endpoint.id, 'failures')
}

async function pause(tx: Tx, endpointId: string, reason: PauseReason): Promise<void> {
  const paused = await pauseEndpointRow(tx, endpointId, reason)
  if (paused !== null) await publish(tx, [endpointPausedEvent(paused)])
}
