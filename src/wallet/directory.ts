/**
 * Which ledger accounts a reseller's wallet is made of. Account ids never change, so they are cached for the life of the process;
 * what is not there yet is never cached, so a wallet opened elsewhere is found at once.
 */
import { besideAction } from '../kit/audit.ts'
import type { Db } from '../kit/db/index.ts'
import { type AccountKey, ensureAccounts, findAccounts } from '../ledger/index.ts'
import { heldKey, PLATFORM_SHARDS, type PlatformKind, platformKeys, type WalletAccounts, walletKey } from './accounts.ts'

export interface WalletOf {
  readonly resellerId: string
  readonly currency: string
}

export interface WalletDirectory {
  /** From the cache; undefined: not loaded yet, or there is no such wallet. */
  find(resellerId: string, currency: string): WalletAccounts | undefined
  /** Reads all that are not cached in one statement. Afterwards `find` is undefined only where there is no wallet. */
  load(wallets: readonly WalletOf[]): Promise<void>
  /** From the cache; undefined until `ensurePlatform` has resolved for this currency. Shards are 0 … PLATFORM_SHARDS - 1. */
  platform(kind: PlatformKind, currency: string, shard: number): string | undefined
  /** Opens the platform's accounts in this currency if they are not there, in a transaction of its own. Cheap when cached. */
  ensurePlatform(currency: string): Promise<void>
}

/** Some 300 bytes each. Beyond it the oldest is dropped, and read again when it is wanted. */
const CACHED_WALLETS_MAX = 100_000

export function createWalletDirectory(db: Db): WalletDirectory {
  const wallets = new Map<string, WalletAccounts>()
  const platforms = new Map<string, Promise<void> | ReadonlyMap<PlatformKind, readonly string[]>>()
  return {
    find: (resellerId, currency) => wallets.get(nameOf(resellerId, currency)),
    load: async wanted => {
      const missing = new Map(wanted.map(each => [nameOf(each.resellerId, each.currency), each]))
      for (const name of missing.keys()) if (wallets.has(name)) missing.delete(name)
      if (missing.size === 0) return
      for (const [name, accounts] of await readWallets(db, missing)) remember(wallets, name, accounts)
    },
    platform: (kind, currency, shard) => {
      const known = platforms.get(currency)
      return known === undefined || known instanceof Promise ? undefined : known.get(kind)?.[shard]
    },
    ensurePlatform: async currency => {
      const known = platforms.get(currency)
      if (known !== undefined) return known instanceof Promise ? await known : undefined
      const opening = openPlatform(db, currency).then(
        ids => void platforms.set(currency, ids),
        error => {
          platforms.delete(currency)
          throw error
        }
      )
      platforms.set(currency, opening)
      await opening
    }
  }
}

const nameOf = (resellerId: string, currency: string): string => `${resellerId}${currency}`

function remember(wallets: Map<string, WalletAccounts>, name: string, accounts: WalletAccounts): void {
  wallets.set(name, accounts)
  if (wallets.size <= CACHED_WALLETS_MAX) return
  const oldest = wallets.keys().next()
  if (oldest.done !== true) wallets.delete(oldest.value)
}

async function readWallets(db: Db, wanted: ReadonlyMap<string, WalletOf>): Promise<[string, WalletAccounts][]> {
  const keys: AccountKey[] = []
  for (const each of wanted.values()) keys.push(walletKey(each.resellerId, each.currency), heldKey(each.resellerId, each.currency))
  const found = await findAccounts(db, keys)
  const result: [string, WalletAccounts][] = []
  let index = 0
  for (const name of wanted.keys()) {
    const wallet = found[index++]
    const held = found[index++]
    if (wallet !== undefined && held !== undefined) result.push([name, { wallet: wallet.id, held: held.id }])
  }
  return result
}

async function openPlatform(db: Db, currency: string): Promise<ReadonlyMap<PlatformKind, readonly string[]>> {
  const accounts = await besideAction(() => db.tx(tx => ensureAccounts(tx, platformKeys(currency))))
  const ids = accounts.map(account => account.id)
  return new Map([
    ['revenue', ids.slice(0, PLATFORM_SHARDS)],
    ['funding', ids.slice(PLATFORM_SHARDS)]
  ])
}
