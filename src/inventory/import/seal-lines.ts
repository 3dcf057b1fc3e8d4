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
    const rows = { ids: uuidArray(), fingerprints: byteaArray(), ciphertexts: byteaArray(), expiries: timestamptzArray(), lines: int4Array() }
    const rejected: { line: number; reason: RejectReason }[] = []
    let count = 0
    for (const text of linesOf(block)) {
      line++
      const key = parse(text)
      if (key === null) continue
      if (typeof key === 'string') {
        rejected.push({ line, reason: key })
        continue
      }
      const id = newId()
      rows.ids.append(id)
      rows.fingerprints.append(fingerprintOf(job, key))
      rows.ciphertexts.append(sealCard(job, { id, skuId: job.skuId }, key))
      rows.expiries.append(key.expiresAt)
      rows.lines.append(line)
      count++
    }
    const { ids, fingerprints, ciphertexts, expiries, lines } = rows
    const columns = {
      ids: ids.finish(),
      fingerprints: fingerprints.finish(),
      ciphertexts: ciphertexts.finish(),
      expiries: expiries.finish(),
      lines: lines.finish()
    }
    return { count, columns, rejected }
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
