import { type DomainError, invalid } from '../kit/errors.ts'

export const adapterUnknown = (): DomainError => invalid('/adapter', 'names no adapter')

export const configNotTaken = (): DomainError => invalid('/config', 'a supplier that pushes takes no config')

export const supplierUnknown = (index: number): DomainError => invalid(`/${index}/supplierId`, 'names no supplier')

export const sourceTwice = (index: number): DomainError => invalid(`/${index}`, 'is listed twice')

export const otherCurrency = (index: number, currency: string): DomainError =>
  invalid(`/${index}/unitCost/currency`, `must be ${currency}, the currency of the SKU`)

export const markupMissing = (): DomainError => invalid('/markup', 'is required where the price follows a rule of its own')

export const markupNotTaken = (): DomainError => invalid('/markup', 'only belongs to a SKU whose price follows a rule of its own')

export const limitCurrency = (pointer: string, currency: string): DomainError => invalid(pointer, `must be ${currency}, the currency of the SKU`)
