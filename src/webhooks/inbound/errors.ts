import { DomainError, invalid } from '../../kit/errors.ts'

export const otherBody = (): DomainError =>
  new DomainError('idempotency_key_reused', 'This webhook-id brought another body before. This one was set aside and has no effect.')

export const productUnknown = (): DomainError => invalid('/data/productCode', 'is not a source of any SKU')

export const wrongCurrency = (currency: string): DomainError => invalid('/data/unitCost/currency', `must be the currency of the SKU, ${currency}`)

export const supplierPaused = (): DomainError => new DomainError('account_suspended', 'The account is suspended.')
