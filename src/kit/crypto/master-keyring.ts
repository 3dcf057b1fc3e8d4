/**
 * Master keys wrap data keys and touch nothing else. They come from outside the database, newest first: the first one wraps,
 * all of them unwrap, so a new key is rolled out by putting it behind the old one everywhere, and then in front of it.
 */
import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto'
import { seal, unseal } from './aead.ts'

export interface MasterKey {
  readonly kid: string
  /** 32 bytes. */
  readonly key: Buffer
}

export interface WrappedKey {
  readonly masterKid: string
  readonly wrapped: Buffer
}

export interface MasterKeyring {
  /** Newest first. */
  readonly kids: readonly string[]
  /** A new data key, wrapped by the newest master key. */
  create(purpose: string): WrappedKey & { readonly key: KeyObject }
  /** Throws `Unsealable` when the key, the purpose or the wrapped bytes are not the ones it was wrapped with. */
  unwrap(purpose: string, stored: WrappedKey): KeyObject
}

const KEY_BYTES = 32
const KID = /^[A-Za-z0-9_.-]{1,40}$/

const associatedData = (purpose: string, kid: string): Buffer => Buffer.from(`kahub1|data-key|${purpose}|${kid}`)

/** Throws an Error that names what is wrong, never the key. */
export function createMasterKeyring(masterKeys: readonly MasterKey[]): MasterKeyring {
  const keys = new Map<string, KeyObject>()
  for (const { kid, key } of masterKeys) {
    if (!KID.test(kid)) throw new Error('a master key has a name that is not 1 to 40 letters, digits, "_", "." or "-"')
    if (key.length !== KEY_BYTES) throw new Error(`the master key "${kid}" has ${key.length} bytes instead of ${KEY_BYTES}`)
    if (keys.has(kid)) throw new Error(`two master keys have the name "${kid}"`)
    keys.set(kid, createSecretKey(key))
  }
  const newest = masterKeys[0]?.kid
  if (newest === undefined) throw new Error('there is no master key')
  const keyOf = (kid: string): KeyObject => {
    const key = keys.get(kid)
    if (key === undefined) throw new Error(`there is no master key "${kid}"`)
    return key
  }
  return {
    kids: [...keys.keys()],
    create: purpose => {
      const raw = randomBytes(KEY_BYTES)
      const wrapped = seal(keyOf(newest), associatedData(purpose, newest), raw)
      const key = createSecretKey(raw)
      raw.fill(0)
      return { masterKid: newest, wrapped, key }
    },
    unwrap: (purpose, { masterKid, wrapped }) => {
      const raw = unseal(keyOf(masterKid), associatedData(purpose, masterKid), wrapped)
      const key = createSecretKey(raw)
      raw.fill(0)
      return key
    }
  }
}
