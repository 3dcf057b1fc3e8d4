import { DomainError, notFound } from '../../kit/errors.ts'
import { ENDPOINTS_MAX } from './endpoint.ts'

export const endpointNotFound = (): DomainError => notFound('webhook endpoint')

export const deliveryNotFound = (): DomainError => notFound('delivery')

export const tooManyEndpoints = (): DomainError =>
  new DomainError('state_conflict', `There are ${ENDPOINTS_MAX} endpoints already; delete one first.`)

export const endpointPaused = (): DomainError => new DomainError('state_conflict', 'The endpoint is paused: resume it first.')
