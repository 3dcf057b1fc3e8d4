/**
 * PostgreSQL arrays in the binary format, for statements that take thousands of rows: the driver sends a Buffer as it is, and the
 * server copies instead of parsing. As text, the same rows cost the event loop four times as much. Knows no driver, so that a
 * worker thread can build them.
 */

const HEADER_BYTES = 20
const LENGTH_BYTES = 4
const NULL_LENGTH = -1
const OID = { bytea: 17, int4: 23, timestamptz: 1184, uuid: 2950 } as const
/** PostgreSQL counts from 2000-01-01. */
const EPOCH_MS = Date.UTC(2000, 0, 1)

interface Elements {
  readonly oid: number
  readonly count: number
  /** Bytes of an element; null: the element is null. */
  readonly sizeOf: (index: number) => number | null
  readonly write: (target: Buffer, offset: number, index: number) => void
}

function encode({ oid, count, sizeOf, write }: Elements): Buffer<ArrayBuffer> {
  let bytes = HEADER_BYTES
  let nulls = 0
  for (let index = 0; index < count; index++) {
    const size = sizeOf(index)
    if (size === null) nulls = 1
    bytes += LENGTH_BYTES + (size ?? 0)
  }
  // Not from the pool: the buffer may be handed over to another thread.
  const target = Buffer.allocUnsafeSlow(bytes)
  target.writeInt32BE(count === 0 ? 0 : 1, 0)
  target.writeInt32BE(nulls, 4)
  target.writeInt32BE(oid, 8)
  if (count === 0) return target.subarray(0, 12)
  target.writeInt32BE(count, 12)
  target.writeInt32BE(1, 16)
  let offset = HEADER_BYTES
  for (let index = 0; index < count; index++) {
    const size = sizeOf(index)
    offset = target.writeInt32BE(size ?? NULL_LENGTH, offset)
    if (size === null) continue
    write(target, offset, index)
    offset += size
  }
  return target
}

export const uuidArray = (uuids: readonly string[]): Buffer<ArrayBuffer> =>
  encode({
    oid: OID.uuid,
    count: uuids.length,
    sizeOf: () => 16,
    write: (target, offset, index) => target.write(uuids[index]?.replaceAll('-', '') ?? '', offset, 'hex')
  })

export const byteaArray = (values: readonly Uint8Array[]): Buffer<ArrayBuffer> =>
  encode({
    oid: OID.bytea,
    count: values.length,
    sizeOf: index => values[index]?.length ?? null,
    write: (target, offset, index) => target.set(values[index] ?? [], offset)
  })

export const int4Array = (values: readonly number[]): Buffer<ArrayBuffer> =>
  encode({
    oid: OID.int4,
    count: values.length,
    sizeOf: () => 4,
    write: (target, offset, index) => target.writeInt32BE(values[index] ?? 0, offset)
  })

/** From milliseconds since 1970. */
export const timestamptzArray = (values: readonly (number | null)[]): Buffer<ArrayBuffer> =>
  encode({
    oid: OID.timestamptz,
    count: values.length,
    sizeOf: index => (values[index] === null ? null : 8),
    write: (target, offset, index) => target.writeBigInt64BE(BigInt((values[index] ?? 0) - EPOCH_MS) * 1_000n, offset)
  })
