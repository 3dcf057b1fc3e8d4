/** One thing that changed for resellers, in the order of the feed. */

export const CHANGE_KINDS = ['price', 'stock', 'listing'] as const

export type ChangeKind = (typeof CHANGE_KINDS)[number]

/** Between two changes, or before all of them: `FEED_START`. */
export interface FeedPosition {
  readonly xid: string
  readonly seq: string
}

export const FEED_START: FeedPosition = { xid: '0', seq: '0' }

export interface CatalogChange {
  readonly position: FeedPosition
  readonly skuId: string
  readonly kind: ChangeKind
  readonly at: Date
}
