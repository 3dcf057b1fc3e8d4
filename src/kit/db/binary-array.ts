/**
 * PostgreSQL arrays in the binary format, for statements that take thousands of rows: the driver sends a Buffer as it is, and the
 * server copies instead of parsing. As text, the same rows cost the event loop four times as much. Values are written where they
 * will be sent from, so that none of them lives long. Knows no driver: a worker thread can build them.
 */

const HEADER_BYTES = 20
const EMPTY_HEADER_BYTES = 12
const LENGTH_BYTES = 4
const NULL_LENGTH = -1
const FIRST_BYTES = 64 * 1_024
const OID = { bytea: 17, int4: 23, timestamptz: 1184, uuid: 2950 } as const
/** PostgreSQL counts from 2000-01-01. */
const EPOCH_MS = Date.UTC(2000, 0, 1)

export interface BinaryArray<T> {
  append(value: T): void
  /** The array; the builder must not be used again. */
  finish(): Uint8Array<ArrayBuffer>
}

class Writer {
  readonly #oid: number
  // Not from the pool: the buffer may be handed over to another thread.
  target = Buffer.allocUnsafeSlow(FIRST_BYTES)
  #length = HEADER_BYTES
  #count = 0
  #nulls = 0

  constructor(oid: number) {
    this.#oid = oid
  }

  /** Room in `target` for an element of so many bytes; returns where. */
  element(bytes: number): number {
    const offset = this.#length + LENGTH_BYTES
    if (offset + bytes > this.target.length) this.#grow(offset + bytes)
    this.target.writeInt32BE(bytes, this.#length)
    this.#length = offset + bytes
    this.#count++
    return offset
  }

  null(): void {
    const offset = this.element(0)
    this.target.writeInt32BE(NULL_LENGTH, offset - LENGTH_BYTES)
    this.#nulls = 1
  }

  finish(): Uint8Array<ArrayBuffer> {
    const { target } = this
    target.writeInt32BE(this.#count === 0 ? 0 : 1, 0)
    target.writeInt32BE(this.#nulls, 4)
    target.writeInt32BE(this.#oid, 8)
    target.writeInt32BE(this.#count, 12)
    target.writeInt32BE(1, 16)
    return new Uint8Array(target.buffer, 0, this.#count === 0 ? EMPTY_HEADER_BYTES : this.#length)
  }

  #grow(needed: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.target.length * 2))
    this.target.copy(larger, 0, 0, this.#length)
    this.target = larger
  }
}

export function uuidArray(): BinaryArray<string> {
  const writer = new Writer(OID.uuid)
  return {
    append: uuid => {
      const offset = writer.element(16)
      writer.target.write(uuid.replaceAll('-', ''), offset, 'hex')
    },
    finish: () => writer.finish()
  }
}

export function byteaArray(): BinaryArray<Uint8Array> {
  const writer = new Writer(OID.bytea)
  return {
    append: bytes => {
      const offset = writer.element(bytes.length)
      writer.target.set(bytes, offset)
    },
    finish: () => writer.finish()
  }
}

export function int4Array(): BinaryArray<number> {
  const writer = new Writer(OID.int4)
  return {
    append: value => {
      const offset = writer.element(4)
      writer.target.writeInt32BE(value, offset)
    },
    finish: () => writer.finish()
  }
}

/** Of milliseconds since 1970. */
export function timestamptzArray(): BinaryArray<number | null> {
  const writer = new Writer(OID.timestamptz)
  return {
    append: value => {
      if (value === null) return writer.null()
      const offset = writer.element(8)
      writer.target.writeBigInt64BE(BigInt(value - EPOCH_MS) * 1_000n, offset)
    },
    finish: () => writer.finish()
  }
}
