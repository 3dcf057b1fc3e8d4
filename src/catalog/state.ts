/** Products and SKUs are on sale or not; a SKU is sold only while both it and its product are active. */
export const SALE_STATES = ['active', 'paused'] as const

export type SaleState = (typeof SALE_STATES)[number]
