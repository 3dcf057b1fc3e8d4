import { DomainError } from '../kit/errors.ts'

export const codeTaken = (): DomainError => new DomainError('state_conflict', 'Another SKU has this code.')

export const productFull = (max: number): DomainError => new DomainError('state_conflict', `A product holds at most ${max} SKUs.`)

export const skuUnavailable = (): DomainError => new DomainError('sku_unavailable', 'This SKU is not on sale: it or its product is paused.')
