import type { Rule } from '../rule.ts'

/** Endpoints and old events may be gone; what is told to everybody has no reseller. */
export const deliveryIsForItsReseller: Rule = {
  name: 'delivery_is_for_its_reseller',
  kind: 'record',
  description: 'No event of one reseller is delivered to the endpoint of another.',
  sql: `
    SELECT d.id AS delivery_id, d.endpoint_id FROM webhook_delivery d JOIN webhook_endpoint w ON w.id = d.endpoint_id
    JOIN outbox e ON e.xid = d.event_xid AND e.seq = d.event_seq WHERE e.reseller_id <> w.reseller_id`
}
