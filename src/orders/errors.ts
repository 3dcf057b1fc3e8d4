import { DomainError } from '../kit/errors.ts'

export const outOfStock = (): DomainError => new DomainError('out_of_stock', 'There are not enough cards in stock. No money moved.')

export const priceChanged = (detail: string): DomainError => new DomainError('price_changed', detail)

export const referenceTaken = (): DomainError => new DomainError('reference_taken', 'Another order of yours has this reference.')

export const spendCapReached = (): DomainError =>
  new DomainError('spend_cap_reached', 'This order would pass the daily spend cap of the API key. No money moved.')
