import { DomainError } from '../kit/errors.ts'

export const outOfStock = (): DomainError => new DomainError('out_of_stock', 'There are not enough cards in stock. No money moved.')

export const insufficientFunds = (): DomainError => new DomainError('insufficient_funds', 'The wallet does not cover this order. No money moved.')

export const priceChanged = (detail: string): DomainError => new DomainError('price_changed', detail)

export const skuUnavailable = (): DomainError => new DomainError('sku_unavailable', 'This SKU cannot be ordered right now. No money moved.')

export const referenceTaken = (): DomainError => new DomainError('reference_taken', 'Another order of yours has this reference.')

export const spendCapReached = (): DomainError =>
  new DomainError('spend_cap_reached', 'This order would pass the daily spend cap of the API key. No money moved.')
