/** Rows to domain, and domain to API. */
import type { Static } from 'typebox'
import { toApiId } from '../../kit/ids.ts'
import type { ClaimedDelivery, Delivery, DeliveryState } from './delivery.ts'
import type { Endpoint, EndpointState, PauseReason } from './endpoint.ts'
import type { WebhookDeliverySchema, WebhookEndpointSchema } from './schemas.ts'

export interface EndpointRow {
  id: string
  reseller_id: string
  url: string
  description: string | null
  events: string[]
  state: EndpointState
  pause_reason: PauseReason | null
  paused_at: Date | null
  failing_since: Date | null
  created_at: Date
}

export const fromEndpointRow = (row: EndpointRow): Endpoint => ({
  id: row.id,
  resellerId: row.reseller_id,
  url: row.url,
  description: row.description,
  events: row.events,
  state: row.state,
  pauseReason: row.pause_reason,
  pausedAt: row.paused_at,
  failingSince: row.failing_since,
  createdAt: row.created_at
})

export interface DeliveryRow {
  id: string
  event_id: string
  type: string
  state: DeliveryState
  attempts: number
  next_attempt_at: Date | null
  last_status: number | null
  last_error: string | null
  created_at: Date
  finished_at: Date | null
  event_xid: string
  event_seq: string
}

export const fromDeliveryRow = (row: DeliveryRow): Delivery => ({
  id: row.id,
  eventId: row.event_id,
  type: row.type,
  state: row.state,
  attempts: row.attempts,
  nextAttemptAt: row.next_attempt_at,
  lastStatus: row.last_status,
  lastError: row.last_error,
  createdAt: row.created_at,
  finishedAt: row.finished_at,
  position: { xid: row.event_xid, seq: row.event_seq }
})

export interface ClaimedRow {
  id: string
  lease_id: string
  endpoint_id: string
  attempts: number
  url: string
  event_id: string
  type: string
  data: Record<string, unknown>
  created_at: Date
}

export const fromClaimedRow = (row: ClaimedRow): ClaimedDelivery => ({
  id: row.id,
  leaseId: row.lease_id,
  endpointId: row.endpoint_id,
  url: row.url,
  attempts: row.attempts,
  event: { id: row.event_id, type: row.type, createdAt: row.created_at, data: row.data }
})

export const toApiEndpoint = (endpoint: Endpoint): Static<typeof WebhookEndpointSchema> => ({
  id: toApiId('endpoint', endpoint.id),
  url: endpoint.url,
  description: endpoint.description,
  events: [...endpoint.events],
  state: endpoint.state,
  pauseReason: endpoint.pauseReason,
  pausedAt: endpoint.pausedAt?.toISOString() ?? null,
  failingSince: endpoint.failingSince?.toISOString() ?? null,
  createdAt: endpoint.createdAt.toISOString()
})

export const toApiDelivery = (delivery: Delivery): Static<typeof WebhookDeliverySchema> => ({
  id: toApiId('delivery', delivery.id),
  eventId: toApiId('event', delivery.eventId),
  type: delivery.type,
  state: delivery.state,
  attempts: delivery.attempts,
  nextAttemptAt: delivery.nextAttemptAt?.toISOString() ?? null,
  lastStatus: delivery.lastStatus,
  lastError: delivery.lastError,
  createdAt: delivery.createdAt.toISOString(),
  finishedAt: delivery.finishedAt?.toISOString() ?? null
})
