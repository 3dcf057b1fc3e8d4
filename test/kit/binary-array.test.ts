import fc from 'fast-check'
import t from 'tap'
import { type BinaryArray, byteaArray, int4Array, timestamptzArray, uuidArray } from '../../src/kit/db/binary-array.ts'
import { createDatabase, statement } from '../../src/kit/db/index.ts'
import { createTestDatabase } from '../support/database.ts'

const ROUND_TRIP = statement(
  'round_trip',
  `SELECT $1::uuid[] AS uuids, $2::bytea[] AS blobs, $3::int[] AS ints,
    ARRAY(SELECT (extract(epoch FROM x) * 1000)::text FROM unnest($4::timestamptz[]) AS x) AS moments`
)

function built<T>(array: BinaryArray<T>, values: readonly T[]): Uint8Array {
  for (const value of values) array.append(value)
  return array.finish()
}

t.test('PostgreSQL reads binary arrays as the values that were written', async t => {
  const db = createDatabase({ url: await createTestDatabase(t), maxConnections: 2, onError: error => t.fail(error) })
  t.teardown(() => db.close())
  const millis = fc.oneof(fc.constant(null), fc.integer({ min: 0, max: Date.UTC(2300, 0, 1) }))
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uuid(), { maxLength: 50 }),
      fc.array(fc.uint8Array({ maxLength: 3_000, size: 'max' }), { maxLength: 50 }),
      fc.array(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), { maxLength: 50 }),
      fc.array(millis, { maxLength: 50 }),
      async (uuids, blobs, ints, moments) => {
        const [row] = await db.query<{ uuids: string[]; blobs: Buffer[]; ints: number[]; moments: (string | null)[] }>(ROUND_TRIP, [
          built(uuidArray(), uuids),
          built(byteaArray(), blobs),
          built(int4Array(), ints),
          built(timestamptzArray(), moments)
        ])
        t.same(row?.uuids, uuids)
        t.same(
          row?.blobs,
          blobs.map(blob => Buffer.from(blob))
        )
        t.same(row?.ints, ints)
        t.same(
          row?.moments.map(moment => (moment === null ? null : Number(moment))),
          moments
        )
      }
    ),
    { numRuns: 60 }
  )
})
