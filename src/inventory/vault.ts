/** Opens cards, and lends the keys that seal them. Data keys stay in memory, unwrapped, once they were used. */
import type { KeyObject } from 'node:crypto'
import { createDataKey, createMasterKeyring, ensureSingleDataKey, type MasterKey, readDataKeys, Unsealable } from '../kit/crypto/index.ts'
import type { Db } from '../kit/db/index.ts'
import type { CardSecret, StoredCard } from './card.ts'
import { fingerprintOf, type SealKeys, unsealCard } from './card-cipher.ts'
import { CardUnreadable } from './errors.ts'

export interface Vault {
  /**
   * Reads the data keys that are not in memory yet; undefined when all are.
   * Throws: `dependency_unavailable`.
   */
  prepare(dataKeyIds: Iterable<number>): Promise<void> | undefined
  /** Its data key must have been prepared. Throws `CardUnreadable`. */
  open(card: StoredCard): CardSecret
  /** Keys for at most `uses` cards. Throws: `dependency_unavailable`. */
  sealKeys(uses: number): Promise<SealKeys>
  /** By which a card is recognised for ever. */
  fingerprint(secret: CardSecret): Buffer
}

/** Random ivs are safe for 2^32 uses of a key; 2^21 leaves a wide margin, and covers the largest import with one key. */
export const DATA_KEY_USES_MAX = 2 ** 21

/** The master keys were verified. */
export async function createVault({ db, masterKeys }: { db: Db; masterKeys: readonly MasterKey[] }): Promise<Vault> {
  const keyring = createMasterKeyring(masterKeys)
  const fingerprintKey = (await ensureSingleDataKey(db, keyring, 'fingerprint')).key
  /**
   * Null: the stored key does not open, and so does no card under it. Never emptied, so that a prepared key stays prepared:
   * there is one for each start of a process and each large import, of some hundred bytes.
   */
  const opened = new Map<number, KeyObject | null>()

  async function load(missing: readonly number[]): Promise<void> {
    const found = await readDataKeys(db, keyring, 'card', missing)
    for (const id of missing) opened.set(id, found.get(id) ?? null)
  }

  return {
    prepare: dataKeyIds => {
      let missing: number[] | undefined
      for (const id of dataKeyIds) {
        if (opened.has(id)) continue
        missing ??= []
        missing.push(id)
      }
      return missing === undefined ? undefined : load(missing)
    },
    open: card => openCard(opened.get(card.dataKeyId), card),
    fingerprint: secret => fingerprintOf({ fingerprintKey }, secret),
    sealKeys: lendKeys(async () => {
      const { id, key } = await createDataKey(db, keyring, 'card')
      opened.set(id, key)
      return { dataKeyId: id, dataKey: key, fingerprintKey }
    })
  }
}

function openCard(key: KeyObject | null | undefined, card: StoredCard): CardSecret {
  if (key === undefined) throw new Error(`the data key ${card.dataKeyId} was not prepared`)
  if (key === null) throw new CardUnreadable(card.id)
  try {
    return unsealCard(key, card)
  } catch (error) {
    throw error instanceof Unsealable ? new CardUnreadable(card.id) : error
  }
}

/** Lends the same keys until their uses are spent, then new ones. A failure to make some is forgotten. */
function lendKeys(create: () => Promise<SealKeys>): (uses: number) => Promise<SealKeys> {
  let current: Promise<SealKeys> | null = null
  let usesLeft = 0
  return async uses => {
    if (current === null || usesLeft < uses) {
      usesLeft = DATA_KEY_USES_MAX
      const made = create()
      current = made
      made.catch(() => {
        if (current === made) current = null
      })
    }
    usesLeft -= uses
    return await current
  }
}
