import type { Static } from 'typebox'
import { toApiId } from '../kit/ids.ts'
import type { StoredEvent } from '../kit/outbox.ts'
import type { EventSchema } from './schemas.ts'

export const toApiEvent = (event: StoredEvent): Static<typeof EventSchema> => ({
  id: toApiId('event', event.id),
  type: event.type,
  timestamp: event.createdAt.toISOString(),
  data: { ...event.data }
})
