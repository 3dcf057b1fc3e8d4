/** What goes wrong on the way of a shop's request, whatever its protocol. */
import { DomainError, type ErrorCode } from '../kit/errors.ts'

/** A refusal in the words of a protocol; an answer, not a defect. */
export abstract class ShopRefusal extends Error {
  constructor(words: string) {
    super(words)
    this.name = 'ShopRefusal'
  }
}

export interface WireAnswer {
  readonly status: number
  readonly body: object
}

export class UnknownPath extends ShopRefusal {
  constructor() {
    super('no such path')
  }
}

/** The parser's errors are the caller's; what is unknown is a defect. */
export function codeOf(error: unknown): ErrorCode {
  if (error instanceof DomainError) return error.code
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500
  return status >= 400 && status < 500 ? 'validation_failed' : 'internal_error'
}

/** Worth a line in the log. */
export const isOurFault = (error: unknown): boolean =>
  !(error instanceof ShopRefusal) && ['internal_error', 'dependency_unavailable'].includes(codeOf(error))
