import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { type CardSecret, decodeSecret, encodeSecret, fingerprintText, type StoredCard } from '../../src/inventory/card.ts'
import { fingerprintOf, sealCard } from '../../src/inventory/card-cipher.ts'
import { CardUnreadable, createVault } from '../../src/inventory/index.ts'
import { DATA_KEY_USES_MAX } from '../../src/inventory/vault.ts'
import { createMasterKeyring, verifyMasterKeys } from '../../src/kit/crypto/index.ts'
import { createDatabase, type Db, statement } from '../../src/kit/db/index.ts'
import { newId } from '../../src/kit/ids.ts'
import { createTestDatabase } from '../support/database.ts'

async function emptyDatabase(t: Parameters<typeof createTestDatabase>[0]): Promise<Db> {
  const db = createDatabase({ url: await createTestDatabase(t), maxConnections: 6, onError: () => undefined })
  t.teardown(() => db.close())
  return db
}

const masterKey = (kid: string) => ({ kid, key: randomBytes(32) })
/** As at the start of a process. */
const vaultOf = async (db: Db, ...masterKeys: { kid: string; key: Buffer }[]) => {
  await verifyMasterKeys(db, createMasterKeyring(masterKeys))
  return await createVault({ db, masterKeys })
}

/** A card that was sealed and stored, as it is read back. */
async function sealed(db: Db, keys: { kid: string; key: Buffer }[], secret: CardSecret, card = { id: newId(), skuId: newId() }): Promise<StoredCard> {
  const seal = await (await vaultOf(db, ...keys)).sealKeys(1)
  return { ...card, dataKeyId: seal.dataKeyId, ciphertext: sealCard(seal, card, secret), expiresAt: null }
}

async function opened(db: Db, keys: { kid: string; key: Buffer }[], card: StoredCard): Promise<CardSecret> {
  const vault = await vaultOf(db, ...keys)
  await vault.prepare([card.dataKeyId])
  return vault.open(card)
}

const secrets = fc.record({ number: fc.option(fc.string({ unit: 'binary', maxLength: 60 })), secret: fc.string({ unit: 'binary', maxLength: 200 }) })

t.test('number and secret come back as they went in, and are never mixed up', async t => {
  fc.assert(fc.property(secrets, secret => t.same(decodeSecret(encodeSecret(secret)), secret)))
  fc.assert(
    fc.property(secrets, secrets, (one, other) => {
      const same = one.number === other.number && one.secret === other.secret
      return encodeSecret(one).equals(encodeSecret(other)) === same
    })
  )
})

t.test('two keys have one fingerprint only if they are one key', async t => {
  const plain = fc.stringMatching(/^[ -~]{1,12}$/)
  fc.assert(
    fc.property(fc.option(plain), plain, fc.option(plain), plain, (number, secret, otherNumber, otherSecret) => {
      const same = number === otherNumber && secret === otherSecret
      return (fingerprintText({ number, secret }) === fingerprintText({ number: otherNumber, secret: otherSecret })) === same
    })
  )
  fc.assert(
    fc.property(fc.stringMatching(/^[a-c]{2,6}$/), fc.nat(), fc.nat(), (text, a, b) => {
      const cut = (at: number) => ({ number: text.slice(0, 1 + (at % (text.length - 1))), secret: text.slice(1 + (at % (text.length - 1))) })
      const same = cut(a).number === cut(b).number
      return (
        (fingerprintText(cut(a)) === fingerprintText(cut(b))) === same && fingerprintText(cut(a)) !== fingerprintText({ number: null, secret: text })
      )
    })
  )
  t.equal(fingerprintText({ number: null, secret: 'e\u0301' }), fingerprintText({ number: null, secret: '\u00e9' }))
  t.not(fingerprintText({ number: null, secret: 'abc' }), fingerprintText({ number: null, secret: 'ABC' }))
})

t.test('a card opens in its own row only: flipped bits, cut tags, swapped rows, SKUs and keys are refused', async t => {
  const db = await emptyDatabase(t)
  const keys = [masterKey('k1')]
  const vault = await vaultOf(db, ...keys)
  const [first, second] = [await vault.sealKeys(DATA_KEY_USES_MAX), await vault.sealKeys(DATA_KEY_USES_MAX)]
  t.not(first.dataKeyId, second.dataKeyId)
  const tampered = fc.constantFrom('bit', 'cut', 'row', 'sku', 'key', 'version')
  fc.assert(
    fc.property(secrets, tampered, fc.nat(), fc.nat(7), (secret, kind, position, bit) => {
      const card = { id: newId(), skuId: newId() }
      const ciphertext = sealCard(first, card, secret)
      const stored: StoredCard = { ...card, dataKeyId: first.dataKeyId, ciphertext, expiresAt: null }
      t.same(vault.open(stored), secret)
      const flipped = Buffer.from(ciphertext)
      flipped[position % flipped.length]! ^= 1 << bit
      const broken: StoredCard = {
        bit: { ...stored, ciphertext: flipped },
        cut: { ...stored, ciphertext: ciphertext.subarray(0, position % ciphertext.length) },
        row: { ...stored, id: newId() },
        sku: { ...stored, skuId: newId() },
        key: { ...stored, dataKeyId: second.dataKeyId },
        version: { ...stored, ciphertext: Buffer.concat([Buffer.from([2]), ciphertext.subarray(1)]) }
      }[kind]
      t.throws(() => vault.open(broken), CardUnreadable)
    }),
    { numRuns: 1_000 }
  )
  t.throws(() => vault.open({ ...card(), dataKeyId: 4711 }), /was not prepared/)
})

const card = (): StoredCard => ({ id: newId(), skuId: newId(), dataKeyId: 1, ciphertext: randomBytes(40), expiresAt: null })

t.test('an error of an unreadable card says which card, and nothing of its content', async t => {
  const db = await emptyDatabase(t)
  const keys = [masterKey('k1')]
  const stored = await sealed(db, keys, { number: 'N-CANARY', secret: 'CANARY' })
  const error = await opened(db, keys, { ...stored, ciphertext: Buffer.concat([stored.ciphertext, Buffer.from('x')]) }).catch(e => e)
  t.ok(error instanceof CardUnreadable)
  t.equal(error.cardId, stored.id)
  t.notMatch(`${error.stack} ${JSON.stringify(error)}`, 'CANARY')
})

t.test('a restart reads the cards of before, and recognises their fingerprints', async t => {
  const db = await emptyDatabase(t)
  const keys = [masterKey('k1')]
  const secret = { number: '1', secret: 'x' }
  const stored = await sealed(db, keys, secret)
  t.same(await opened(db, keys, stored), secret)
  const [before, after] = [await (await vaultOf(db, ...keys)).sealKeys(1), await (await vaultOf(db, ...keys)).sealKeys(1)]
  t.same(fingerprintOf(before, secret), fingerprintOf(after, secret))
})

t.test('a rotated list of master keys: the new one wraps, the old cards stay readable, without the old key nothing starts', async t => {
  const db = await emptyDatabase(t)
  const [k1, k2] = [masterKey('k1'), masterKey('k2')]
  const old = await sealed(db, [k1], { number: null, secret: 'old' })
  const fresh = await sealed(db, [k2, k1], { number: null, secret: 'new' })
  t.same(await opened(db, [k2, k1], old), { number: null, secret: 'old' })
  t.same(await opened(db, [k1, k2], fresh), { number: null, secret: 'new' })
  const kids = await db.query<{ kids: string[] }>(
    statement('test_kids', `SELECT array_agg(master_kid ORDER BY id) AS kids FROM data_key WHERE purpose = 'card'`)
  )
  t.same(kids[0]?.kids, ['k1', 'k2'])
  await t.rejects(vaultOf(db, k2), /wrapped by the master key "k1", which was not given.*end of KAHUB_MASTER_KEY.*k2:<key>,k1:<key>/)
})

t.test('a wrong master key of the right name stops the start, with a sentence that says what to do', async t => {
  const db = await emptyDatabase(t)
  const right = masterKey('k1')
  await vaultOf(db, right)
  const error = await vaultOf(db, { kid: 'k1', key: randomBytes(32) }).catch(e => e)
  t.match(error.message, /The master key "k1" is not the one.*KAHUB_MASTER_KEY/)
  t.notMatch(error.stack, right.key.toString('hex'))
  await vaultOf(db, right)
})

t.test('instances that start together for the first time share one fingerprint key', async t => {
  const db = await emptyDatabase(t)
  const keys = [masterKey('k1')]
  const vaults = await Promise.all(Array.from({ length: 6 }, () => vaultOf(db, ...keys)))
  const fingerprints = await Promise.all(
    vaults.map(async vault => fingerprintOf(await vault.sealKeys(1), { number: null, secret: 'x' }).toString('hex'))
  )
  t.equal(new Set(fingerprints).size, 1)
  const rows = await db.query<{ n: number }>(statement('test_fk', `SELECT count(*)::int AS n FROM data_key WHERE purpose = 'fingerprint'`))
  t.equal(rows[0]?.n, 1)
})

const SET_WRAPPED = statement('test_wrapped', 'UPDATE data_key SET wrapped = $2, master_kid = $3 WHERE id = $1')

t.test('a data key that was tampered with makes its cards unreadable; one of a master key not yet rolled out here does not', async t => {
  const db = await emptyDatabase(t)
  const keys = [masterKey('k1')]
  const stored = await sealed(db, keys, { number: null, secret: 'x' })
  const vault = await vaultOf(db, ...keys)
  await db.execute(SET_WRAPPED, [stored.dataKeyId, randomBytes(61), 'k9'])
  await t.rejects(async () => vault.prepare([stored.dataKeyId]), { code: 'dependency_unavailable' })
  await db.execute(SET_WRAPPED, [stored.dataKeyId, randomBytes(61), 'k1'])
  await vault.prepare([stored.dataKeyId])
  t.throws(() => vault.open(stored), CardUnreadable)
  t.equal(vault.prepare([stored.dataKeyId]), undefined, 'asked once')
})

t.test('a data key seals a bounded number of cards', async t => {
  const db = await emptyDatabase(t)
  const vault = await vaultOf(db, masterKey('k1'))
  const ids = [
    await vault.sealKeys(1_000),
    await vault.sealKeys(1_000),
    await vault.sealKeys(DATA_KEY_USES_MAX - 1_000),
    await vault.sealKeys(1_001)
  ].map(keys => keys.dataKeyId)
  t.equal(ids[0], ids[1])
  t.equal(new Set(ids).size, 3)
})
