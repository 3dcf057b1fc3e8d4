/** What resellers are told of their endpoints. */
import { toApiId } from '../../kit/ids.ts'
import type { OutboxEvent } from '../../kit/outbox.ts'
import type { Endpoint } from './endpoint.ts'

export const TEST_EVENT_TYPE = 'webhook.test'

/** For the feed, and for all of the reseller's endpoints, this one included. */
export const endpointResumedEvent = ({ id, resellerId, url }: Endpoint): OutboxEvent => ({
  type: 'webhook.endpoint_resumed',
  resellerId,
  subjectId: id,
  data: { endpointId: toApiId('endpoint', id), url }
})

/** The endpoint itself cannot be told: it is for the feed, and for the reseller's other endpoints. */
export const endpointPausedEvent = ({ id, resellerId, url, pauseReason }: Endpoint): OutboxEvent => ({
  type: 'webhook.endpoint_paused',
  resellerId,
  subjectId: id,
  data: { endpointId: toApiId('endpoint', id), url, reason: pauseReason }
})
