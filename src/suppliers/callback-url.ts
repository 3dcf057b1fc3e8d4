/** Where suppliers reach us. */
import { toApiId } from '../kit/ids.ts'

export const CALLBACK_PATH = '/v1/callbacks/suppliers'

export type CallbackUrlOf = (supplierId: string) => string | null

export const callbackPath = (supplierId: string): string => `${CALLBACK_PATH}/${toApiId('supplier', supplierId)}`

/** `publicUrl` null: nobody can reach us, and everything is asked for. */
export const callbackUrls =
  (publicUrl: string | null): CallbackUrlOf =>
  supplierId =>
    publicUrl === null ? null : `${publicUrl.replace(/\/+$/, '')}${callbackPath(supplierId)}`
