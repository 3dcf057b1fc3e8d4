/**
 * Master keys wrap data keys and touch nothing else. They come from outside the database, newest first: the first one wraps,
 * all of them unwrap, so a new key is rolled out by putting it behind the old one everywhere, and then in front of it.
 */
import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto'
import { seal, Unsealable, unseal } from './aead.ts'

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
  /** The same data key, wrapped by the newest master key. Throws `Unsealable`, as `unwrap` does. */
  rewrap(purpose: string, stored: WrappedKey): WrappedKey
  /** Something that only this master key could have made, and that says nothing of it. */
  prove(kid: string): Buffer
  /** True if `proof` was made by the master key that has this name here. */
  isProof(kid: string, proof: Buffer): boolean
}

const KEY_BYTES = 32
const KID = /^[A-Za-z0-9_.-]{1,40}$/

const proofData = (kid: string): Buffer => Buffer.from(`kahub1|master-key-check|${kid}`)
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
  const wrap = (purpose: string, raw: Buffer): WrappedKey => ({
    masterKid: newest,
    wrapped: seal(keyOf(newest), associatedData(purpose, newest), raw)
  })
  const open = (purpose: string, { masterKid, wrapped }: WrappedKey): Buffer => unseal(keyOf(masterKid), associatedData(purpose, masterKid), wrapped)
  return {
    kids: [...keys.keys()],
    create: purpose => {
      const raw = randomBytes(KEY_BYTES)
      return { ...wrap(purpose, raw), key: toKey(raw) }
    },
    unwrap: (purpose, stored) => toKey(open(purpose, stored)),
    rewrap: (purpose, stored) => {
      const raw = open(purpose, stored)
      const wrapped = wrap(purpose, raw)
      raw.fill(0)
      return wrapped
    },
    prove: kid => seal(keyOf(kid), proofData(kid), Buffer.alloc(0)),
    isProof: (kid, proof) => {
      try {
        unseal(keyOf(kid), proofData(kid), proof)
        return true
      } catch (error) {
        if (error instanceof Unsealable) return false
        throw error
      }
    }
  }
}

/** The bytes are not needed any more. */
function toKey(raw: Buffer): KeyObject {
  const key = createSecretKey(raw)
  raw.fill(0)
  return key
}
