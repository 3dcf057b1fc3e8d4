import type { Rule } from '../rule.ts'

/** Hot tables carry no foreign keys to rows that every order shares; this takes their place. */
export const nothingIsOrphaned: Rule = {
  name: 'nothing_is_orphaned',
  kind: 'record',
  description: 'What orders, cards, wallets and quotes refer to exists.',
  sql: `
    SELECT 'order without SKU' AS what, o.id FROM orders o LEFT JOIN sku s ON s.id = o.sku_id WHERE s.id IS NULL
    UNION ALL SELECT 'order without reseller', o.id FROM orders o LEFT JOIN reseller r ON r.id = o.reseller_id WHERE r.id IS NULL
    UNION ALL SELECT 'card without SKU', c.id FROM card c LEFT JOIN sku s ON s.id = c.sku_id WHERE s.id IS NULL
    UNION ALL SELECT 'card without batch', c.id FROM card c LEFT JOIN card_batch b ON b.id = c.batch_id AND b.sku_id = c.sku_id WHERE b.id IS NULL
    UNION ALL SELECT 'batch without SKU', b.id FROM card_batch b LEFT JOIN sku s ON s.id = b.sku_id WHERE s.id IS NULL
    UNION ALL SELECT 'batch without supplier', b.id FROM card_batch b LEFT JOIN supplier s ON s.id = b.supplier_id WHERE b.supplier_id IS NOT NULL AND s.id IS NULL
    UNION ALL SELECT 'card without data key', c.id FROM card c LEFT JOIN data_key k ON k.id = c.data_key_id WHERE k.id IS NULL
    UNION ALL SELECT 'entry without account', e.transfer_id FROM ledger_entry e LEFT JOIN ledger_account a ON a.id = e.account_id WHERE a.id IS NULL
    UNION ALL SELECT 'wallet without reseller', a.id FROM ledger_account a LEFT JOIN reseller r ON r.id = a.owner_id WHERE a.owner_id IS NOT NULL AND r.id IS NULL
    UNION ALL SELECT 'key without account', k.id FROM api_key k LEFT JOIN reseller r ON r.id = k.owner_id LEFT JOIN supplier s ON s.id = k.owner_id
      WHERE k.kind = 'reseller' AND r.id IS NULL OR k.kind = 'supplier' AND s.id IS NULL`
}
