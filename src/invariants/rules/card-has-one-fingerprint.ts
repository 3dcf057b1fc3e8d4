import type { Rule } from '../rule.ts'

/** Which cards, in a number that does not depend on their order. Cheap where the join of two large tables is not: it says whether to join. */
const which = (id: string, table: string): string => `(SELECT ROW(count(*), bit_xor(uuid_hash_extended(${id}, 0))) FROM ${table})`

export const cardHasOneFingerprint: Rule = {
  name: 'card_has_one_fingerprint',
  kind: 'stock',
  description: 'Every card has exactly one fingerprint, so that its key can never be stocked again.',
  sql: `
    SELECT coalesce(c.id, f.card_id) AS card_id, coalesce(f.fingerprints, 0) AS fingerprints
    FROM card c FULL JOIN (SELECT card_id, count(*) AS fingerprints FROM card_fingerprint GROUP BY card_id) f ON f.card_id = c.id
    WHERE ${which('id', 'card')} IS DISTINCT FROM ${which('card_id', 'card_fingerprint')}
      AND (c.id IS NULL OR f.fingerprints IS DISTINCT FROM 1)`
}
