/** Whoever changes what is sealed in the database gets no plaintext for it: neither the old one, nor another card's, nor a part. */
import { createSecretKey, randomBytes, randomInt } from 'node:crypto'
import t from 'tap'
import type { StoredCard } from '../../src/inventory/card.ts'
import { sealCard, unsealCard } from '../../src/inventory/card-cipher.ts'
import { createMasterKeyring, seal, Unsealable, unseal } from '../../src/kit/crypto/index.ts'
import { newId } from '../../src/kit/ids.ts'

const CARDS = 40
const RANDOM_CASES = 6_000

const key = () => createSecretKey(randomBytes(32))
const dataKey = key()
const keys = { dataKeyId: 7, dataKey, fingerprintKey: key() }

function stocked(index: number): StoredCard {
  const card = { id: newId(), skuId: newId() }
  const ciphertext = sealCard(keys, card, { number: `N-${index}`, secret: `SECRET-${index}-${randomBytes(index % 30).toString('hex')}` })
  return { ...card, dataKeyId: keys.dataKeyId, ciphertext, expiresAt: null }
}

const cards = Array.from({ length: CARDS }, (_, index) => stocked(index))
let cases = 0

/** True if it opened, which nothing here may do. */
function opens(card: StoredCard): boolean {
  cases++
  try {
    unsealCard(dataKey, card)
    return true
  } catch (error) {
    if (error instanceof Unsealable) return false
    throw error
  }
}

const flipped = (bytes: Buffer, bit: number): Buffer => {
  const changed = Buffer.from(bytes)
  changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
  return changed
}

t.test('every single bit of a sealed card counts', async t => {
  for (const card of cards.slice(0, 12)) {
    for (let bit = 0; bit < card.ciphertext.length * 8; bit++) {
      if (opens({ ...card, ciphertext: flipped(card.ciphertext, bit) })) t.fail(`bit ${bit} of ${card.id} does not count`)
    }
  }
  t.pass(`${cases} cases`)
})

t.test('a tag that was cut, a text that was cut or grew: at every length', async t => {
  for (const card of cards) {
    for (let length = 0; length < card.ciphertext.length; length++) {
      if (opens({ ...card, ciphertext: card.ciphertext.subarray(0, length) })) t.fail(`opens with ${length} bytes`)
    }
    for (const more of [1, 4, 12, 16]) if (opens({ ...card, ciphertext: Buffer.concat([card.ciphertext, Buffer.alloc(more)]) })) t.fail('grew')
  }
  t.pass(`${cases} cases`)
})

t.test('rows that changed places: any two, in whole or in part', async t => {
  for (const one of cards) {
    for (const other of cards) {
      if (one === other) continue
      const swapped = [
        { ...one, ciphertext: other.ciphertext },
        { ...one, id: other.id },
        { ...one, skuId: other.skuId },
        { ...other, id: one.id, ciphertext: one.ciphertext }
      ]
      if (swapped.some(opens)) t.fail(`${one.id} opened as ${other.id}`)
    }
    if (opens({ ...one, dataKeyId: 8 })) t.fail('as sealed by another key')
  }
  t.pass(`${cases} cases`)
})

t.test('pieces of two texts put together, and bytes by chance', async t => {
  for (let round = 0; round < RANDOM_CASES; round++) {
    const [one, other] = [cards[randomInt(CARDS)], cards[randomInt(CARDS)]]
    if (one === undefined || other === undefined || one === other) continue
    const cut = randomInt(1, Math.min(one.ciphertext.length, other.ciphertext.length))
    const spliced = Buffer.concat([one.ciphertext.subarray(0, cut), other.ciphertext.subarray(cut)])
    const noise = Buffer.concat([Buffer.from([1]), randomBytes(randomInt(0, 90))])
    if (opens({ ...one, ciphertext: spliced }) || opens({ ...one, ciphertext: noise })) t.fail('opened')
  }
  t.ok(cases >= 10_000, `${cases} cases`)
  for (const card of cards) t.match(unsealCard(dataKey, card), { secret: /^SECRET-/ }, 'and what nobody touched opens')
})

t.test('a wrapped data key: any bit, any length, another purpose, another master key', async t => {
  const ring = createMasterKeyring([
    { kid: 'a', key: randomBytes(32) },
    { kid: 'b', key: randomBytes(32) }
  ])
  const { masterKid, wrapped } = ring.create('card')
  const changed: { purpose: string; masterKid: string; wrapped: Buffer }[] = [
    { purpose: 'supplier', masterKid, wrapped },
    { purpose: 'card', masterKid: 'b', wrapped },
    ...Array.from({ length: wrapped.length * 8 }, (_, bit) => ({ purpose: 'card', masterKid, wrapped: flipped(wrapped, bit) })),
    ...Array.from({ length: wrapped.length }, (_, length) => ({ purpose: 'card', masterKid, wrapped: wrapped.subarray(0, length) }))
  ]
  for (const { purpose, ...stored } of changed) t.throws(() => ring.unwrap(purpose, stored), Unsealable)
  t.ok(ring.unwrap('card', { masterKid, wrapped }))
})

t.test('credentials of another supplier do not open here', async t => {
  const sealed = seal(dataKey, Buffer.from('kahub1|supplier-config|one'), Buffer.from('{"apiKey":"x"}'))
  t.throws(() => unseal(dataKey, Buffer.from('kahub1|supplier-config|two'), sealed), Unsealable)
  t.throws(() => unseal(key(), Buffer.from('kahub1|supplier-config|one'), sealed), Unsealable)
})
