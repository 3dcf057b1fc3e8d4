import { createHmac, createSecretKey, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { createMasterKeyring, keyedHash, seal, Unsealable, unseal } from '../../../src/kit/crypto/index.ts'

const key = () => createSecretKey(randomBytes(32))
const bytes = (max: number) => fc.uint8Array({ maxLength: max }).map(array => Buffer.from(array))

t.test('what was sealed opens with the same key and associated data, and is never the same twice', async t => {
  const own = key()
  fc.assert(
    fc.property(bytes(200), bytes(60), (plain, associated) => {
      const sealed = seal(own, associated, plain)
      return unseal(own, associated, sealed).equals(plain) && !seal(own, associated, plain).equals(sealed)
    })
  )
  t.equal(seal(own, Buffer.alloc(0), Buffer.from('x')).length, 1 + 12 + 1 + 16)
})

t.test('no iv is used twice', async t => {
  const own = key()
  const ivs = new Set(Array.from({ length: 5_000 }, () => seal(own, Buffer.alloc(0), Buffer.alloc(1)).toString('hex', 1, 13)))
  t.equal(ivs.size, 5_000)
})

t.test('a changed bit, a cut, other associated data and another key are refused', async t => {
  const own = key()
  fc.assert(
    fc.property(bytes(64), bytes(40), fc.nat(), fc.integer({ min: 0, max: 7 }), (plain, associated, position, bit) => {
      const sealed = seal(own, associated, plain)
      const flipped = Buffer.from(sealed)
      flipped[position % flipped.length]! ^= 1 << bit
      refused(() => unseal(own, associated, flipped))
      refused(() => unseal(own, associated, sealed.subarray(0, position % sealed.length)))
      refused(() => unseal(own, Buffer.concat([associated, Buffer.from('x')]), sealed))
      refused(() => unseal(key(), associated, sealed))
    }),
    { numRuns: 2_000 }
  )
  t.pass()
})

function refused(open: () => Buffer): void {
  try {
    open()
  } catch (error) {
    if (error instanceof Unsealable) return
    throw error
  }
  throw new Error('a sealed text opened that must not open')
}

t.test('the keyed hash is HMAC-SHA256, cut to 16 bytes', async t => {
  const raw = randomBytes(32)
  t.same(keyedHash(createSecretKey(raw), 'card\0text'), createHmac('sha256', raw).update('card\0text').digest().subarray(0, 16))
})

t.test('a keyring wraps with its first key and unwraps with all', async t => {
  const [older, newer] = [
    { kid: 'k1', key: randomBytes(32) },
    { kid: 'k2', key: randomBytes(32) }
  ]
  const before = createMasterKeyring([older]).create('card')
  const rotated = createMasterKeyring([newer, older])
  t.equal(before.masterKid, 'k1')
  t.ok(rotated.unwrap('card', before).equals(before.key))
  t.equal(rotated.create('card').masterKid, 'k2')
})

t.test('a wrapped key opens for its own purpose and under its own name only', async t => {
  const raw = randomBytes(32)
  const ring = createMasterKeyring([
    { kid: 'k1', key: raw },
    { kid: 'k2', key: raw }
  ])
  const wrapped = ring.create('card')
  t.throws(() => ring.unwrap('fingerprint', wrapped), Unsealable)
  t.throws(() => ring.unwrap('card', { ...wrapped, masterKid: 'k2' }), Unsealable)
})

t.test('a keyring refuses no key, short keys, bad names and twins, and quotes no key', async t => {
  const raw = randomBytes(32)
  t.throws(() => createMasterKeyring([]), /no master key/)
  t.throws(() => createMasterKeyring([{ kid: 'k1', key: raw.subarray(1) }]), /31 bytes instead of 32/)
  t.throws(() => createMasterKeyring([{ kid: 'a|b', key: raw }]), /name/)
  t.throws(
    () =>
      createMasterKeyring([
        { kid: 'k1', key: raw },
        { kid: 'k1', key: raw }
      ]),
    /two master keys/
  )
})
