/** From a block of lines to rows that can be stored: parsed, sealed and fingerprinted. No secret leaves this file readable. */
import { byteaArray, int4Array, timestamptzArray, uuidArray } from '../../kit/db/binary-array.ts'
import { newId } from '../../kit/ids.ts'
import type { RejectReason } from '../batch.ts'
import { fingerprintOf, type SealKeys, sealCard } from '../card-cipher.ts'
import { createLineParser, type LineOptions } from './key-lines.ts'

export interface SealJob extends LineOptions, SealKeys {
  readonly skuId: string
}

/** Columns of the same rows, as PostgreSQL arrays. */
export interface SealedColumns {
  readonly ids: Uint8Array<ArrayBuffer>
  readonly fingerprints: Uint8Array<ArrayBuffer>
  readonly ciphertexts: Uint8Array<ArrayBuffer>
  readonly expiries: Uint8Array<ArrayBuffer>
  readonly lines: Uint8Array<ArrayBuffer>
}

export interface SealedBlock {
  readonly count: number
  readonly columns: SealedColumns
  readonly rejected: readonly { readonly line: number; readonly reason: RejectReason }[]
}

/** A sealer of one file, block by block. */
export function createLineSealer(job: SealJob): (block: Uint8Array<ArrayBuffer>) => SealedBlock {
  const parse = createLineParser(job)
  let line = 0
  return block => {
    const rows = {
      ids: [] as string[],
      fingerprints: [] as Buffer[],
      ciphertexts: [] as Buffer[],
      expiries: [] as (number | null)[],
      lines: [] as number[]
    }
    const rejected: { line: number; reason: RejectReason }[] = []
    for (const text of linesOf(block)) {
      line++
      const key = parse(text)
      if (key === null) continue
      if (typeof key === 'string') {
        rejected.push({ line, reason: key })
        continue
      }
      const id = newId()
      rows.ids.push(id)
      rows.fingerprints.push(fingerprintOf(job, key))
      rows.ciphertexts.push(sealCard(job, { id, skuId: job.skuId }, key))
      rows.expiries.push(key.expiresAt)
      rows.lines.push(line)
    }
    return { count: rows.ids.length, columns: toColumns(rows), rejected }
  }
}

function* linesOf(block: Uint8Array<ArrayBuffer>): Generator<string> {
  const text = Buffer.from(block.buffer, block.byteOffset, block.byteLength).toString('utf8')
  for (let at = 0; at < text.length; ) {
    const newline = text.indexOf('\n', at)
    const end = newline === -1 ? text.length : newline
    yield text.slice(at, end)
    at = end + 1
  }
}

interface Rows {
  readonly ids: readonly string[]
  readonly fingerprints: readonly Buffer[]
  readonly ciphertexts: readonly Buffer[]
  readonly expiries: readonly (number | null)[]
  readonly lines: readonly number[]
}

const toColumns = ({ ids, fingerprints, ciphertexts, expiries, lines }: Rows): SealedColumns => ({
  ids: uuidArray(ids),
  fingerprints: byteaArray(fingerprints),
  ciphertexts: byteaArray(ciphertexts),
  expiries: timestamptzArray(expiries),
  lines: int4Array(lines)
})
