import type { Listings } from '../catalog/index.ts'
import type { Db } from '../kit/db/index.ts'
import { notFound } from '../kit/errors.ts'
import { deleteKind, readKinds, saveKind } from './repository.ts'
import type { Kind } from './variant.ts'

export interface KindDeps {
  readonly db: Db
  readonly listings: Listings
}

async function requireSku({ listings }: KindDeps, skuId: string): Promise<void> {
  if ((await listings.get(skuId)) === null) throw notFound('SKU')
}

/** Says how a SKU is one of several kinds of its product. Throws: not_found. */
export async function setKind(deps: KindDeps, skuId: string, kind: Kind): Promise<void> {
  await requireSku(deps, skuId)
  await deps.db.tx(tx => saveKind(tx, skuId, kind))
}

/** Throws: not_found. */
export async function removeKind(deps: KindDeps, skuId: string): Promise<void> {
  await requireSku(deps, skuId)
  await deps.db.tx(tx => deleteKind(tx, skuId))
}

/** Throws: not_found, also for a SKU without a kind. */
export async function readKind(deps: KindDeps, skuId: string): Promise<Kind> {
  await requireSku(deps, skuId)
  const kind = (await readKinds(deps.db, [skuId])).get(skuId)
  if (kind === undefined) throw notFound('kind')
  return kind
}
