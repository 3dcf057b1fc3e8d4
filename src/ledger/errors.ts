import { DomainError } from '../kit/errors.ts'

export const insufficientFunds = (): DomainError => new DomainError('insufficient_funds', 'The balance does not cover this.')
