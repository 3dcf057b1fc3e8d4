/** The only mapping between this module and its API. */
import type { Static } from 'typebox'
import { DomainError, invalid } from '../kit/errors.ts'
import { type IdKind, parseId, toApiId } from '../kit/ids.ts'
import { parseAmount, toMoneyText } from '../kit/money.ts'
import { parseTime } from '../kit/time.ts'
import type { Batch, BatchReport, ImportFormat } from './batch.ts'
import { REJECT_REASONS, type RejectReason } from './batch.ts'
import type { Reveal } from './card.ts'
import type { ImportRequest } from './import-cards.ts'
import type { CardTrace } from './read-card.ts'
import type {
  BatchQuery,
  CardBatchReportSchema,
  CardBatchSchema,
  CardRevealSchema,
  ImportQuery,
  MovedBatchSchema,
  RevealQuery,
  StockedCardSchema
} from './schemas.ts'

export const CONTENT_TYPES: Readonly<Record<string, ImportFormat>> = { 'text/plain': 'text', 'text/csv': 'csv', 'application/x-ndjson': 'ndjson' }
const CHARSETS = new Set(['utf-8', 'utf8', 'us-ascii'])

const optionalId = (kind: IdKind, text: string | undefined): string | undefined =>
  text === undefined ? undefined : (parseId(kind, text) ?? undefined)

export const fromApiBatchQuery = ({ skuId }: Static<typeof BatchQuery>): string | undefined => optionalId('sku', skuId)

export const fromApiRevealQuery = ({ orderId, cardId }: Static<typeof RevealQuery>) => ({
  orderId: optionalId('order', orderId),
  cardId: optionalId('card', cardId)
})

/** Throws: `validation_failed`, `unsupported_media_type`. */
export function fromApiImport(
  query: Static<typeof ImportQuery>,
  contentType: string | undefined
): Pick<ImportRequest, 'supplierId' | 'unitCost' | 'format' | 'expiresAt'> {
  const expiresAt = query.expiresAt === undefined ? null : parseTime(query.expiresAt, '/query/expiresAt')
  if (expiresAt !== null && expiresAt.getTime() <= Date.now()) throw invalid('/query/expiresAt', 'lies in the past')
  return {
    supplierId: optionalId('supplier', query.supplierId) ?? null,
    unitCost: query.unitCost === undefined ? null : parseAmount(query.unitCost, '/query/unitCost'),
    format: formatOf(query.format, contentType ?? ''),
    expiresAt
  }
}

/** `text/plain` is what a client sends that knows no better; the other types say what the body is. */
function formatOf(asked: ImportFormat | undefined, contentType: string): ImportFormat {
  const [type = '', ...parameters] = contentType.toLowerCase().split(';')
  const charset = parameters.map(parameter => /^\s*charset\s*=\s*"?([^"\s]+)"?\s*$/.exec(parameter)?.[1]).find(found => found !== undefined)
  if (charset !== undefined && !CHARSETS.has(charset)) throw new DomainError('unsupported_media_type', 'The body must be UTF-8.')
  const sent = CONTENT_TYPES[type.trim()]
  if (sent === undefined) throw new DomainError('unsupported_media_type', `Send ${Object.keys(CONTENT_TYPES).join(', ')}.`)
  if (asked !== undefined && sent !== 'text' && asked !== sent) throw invalid('/query/format', 'contradicts the content type')
  return asked ?? sent
}

export const toApiBatch = (batch: Batch): Static<typeof CardBatchSchema> => ({
  id: toApiId('batch', batch.id),
  skuId: toApiId('sku', batch.skuId),
  supplierId: batch.supplierId === null ? null : toApiId('supplier', batch.supplierId),
  unitCost: batch.unitCost === null ? null : toMoneyText(batch.unitCost, batch.currency),
  format: batch.format,
  state: batch.state,
  accepted: batch.accepted,
  duplicates: batch.duplicates,
  rejectedCount: batch.rejected,
  createdAt: batch.createdAt.toISOString(),
  finishedAt: batch.finishedAt?.toISOString() ?? null
})

const isRejectReason = (reason: string): reason is RejectReason => REJECT_REASONS.some(each => each === reason)

export const toApiReport = ({ batch, rejectedLines }: BatchReport): Static<typeof CardBatchReportSchema> => ({
  ...toApiBatch(batch),
  rejected: rejectedLines.flatMap(({ line, reason }) => (isRejectReason(reason) ? [{ line, reason }] : []))
})

export const toApiMovedBatch = ({ batch, moved }: { batch: Batch; moved: number }): Static<typeof MovedBatchSchema> => ({
  ...toApiBatch(batch),
  moved
})

export const toApiReveal = (reveal: Reveal): Static<typeof CardRevealSchema> => ({
  cardId: toApiId('card', reveal.cardId),
  orderId: toApiId('order', reveal.orderId),
  apiKeyId: reveal.apiKeyId === null ? null : toApiId('key', reveal.apiKeyId),
  requestId: reveal.requestId,
  at: reveal.at.toISOString()
})

export const toApiCard = ({ card, batch, reveals }: CardTrace): Static<typeof StockedCardSchema> => ({
  id: toApiId('card', card.id),
  skuId: toApiId('sku', card.skuId),
  batchId: toApiId('batch', card.batchId),
  supplierId: batch.supplierId === null ? null : toApiId('supplier', batch.supplierId),
  state: card.state,
  orderId: card.orderId === null ? null : toApiId('order', card.orderId),
  position: card.position,
  expiresAt: card.expiresAt?.toISOString() ?? null,
  importedAt: batch.createdAt.toISOString(),
  issuedAt: card.issuedAt?.toISOString() ?? null,
  reveals: reveals.map(toApiReveal)
})
