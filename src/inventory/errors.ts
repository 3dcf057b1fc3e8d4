import { DomainError, invalid, notFound } from '../kit/errors.ts'
import { toApiId } from '../kit/ids.ts'
import type { Progress } from './batch.ts'

/** A stored card that does not open: its row was changed, or its key. It must not be sold; see `quarantineUnreadable`. */
export class CardUnreadable extends Error {
  readonly cardId: string

  constructor(cardId: string) {
    super(`the card ${cardId} cannot be decrypted`)
    this.name = 'CardUnreadable'
    this.cardId = cardId
  }
}

export const cardNotMovable = (): DomainError =>
  new DomainError('state_conflict', 'The card is not in a state that allows this: it is sold, void, or past its expiry.')

export const notStocked = (): DomainError =>
  new DomainError('state_conflict', 'This SKU is not sold from stock: its product is not of the kind "card".')

export const skuNotFound = (): DomainError => notFound('sku')

export const supplierUnknown = (): DomainError => invalid('/query/supplierId', 'names no supplier')

export const bodyIncomplete = (): DomainError => new DomainError('request_timeout', 'The body ended before it was complete.')

export const bodyStalled = (): DomainError => new DomainError('request_timeout', 'The body stopped arriving.')

export const bodyTooLarge = (limit: string): DomainError => new DomainError('payload_too_large', `The body is larger than ${limit}.`)

export const importsBusy = (): DomainError =>
  new DomainError('overloaded', 'Too many imports are running on this instance. Try again when one of them has ended.', { retryAfterSeconds: 10 })

export const serverStopping = (): DomainError => new DomainError('overloaded', 'The server is stopping.', { retryAfterSeconds: 5 })

export const importTakenOver = (): DomainError => new DomainError('state_conflict', 'The import made no progress for too long and was given up.')

/** What was stored of an import that ended early stays: the answer has to say so. */
export function importEndedEarly(error: unknown, batchId: string, { accepted }: Progress): unknown {
  if (!(error instanceof DomainError)) return error
  const { code, retryAfterSeconds, errors, cause } = error
  const detail = `${error.message} ${accepted} keys were stored as ${toApiId('batch', batchId)} and stay; send the whole file again to add the rest.`
  return new DomainError(code, detail, {
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    ...(errors === undefined ? {} : { errors }),
    ...(cause === undefined ? {} : { cause })
  })
}
