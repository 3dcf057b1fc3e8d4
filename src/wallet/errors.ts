import { DomainError } from '../kit/errors.ts'

export const referenceTaken = (): DomainError => new DomainError('reference_taken', 'A movement of this wallet with this reference exists already.')

export const walletFull = (): DomainError => new DomainError('state_conflict', 'The wallet would hold more than a wallet may.')

export const topUpDecided = (state: string): DomainError => new DomainError('state_conflict', `The top-up is ${state} already.`)
