/** Where suppliers reach us. */
import { toApiId } from '../kit/ids.ts'

export const CALLBACK_PATH = '/v1/callbacks/suppliers'

export type CallbackUrlOf = (supplierId: string) => string | null

/** `publicUrl` null: nobody can reach us, and everything is asked for. */
export const callbackUrls =
  (publicUrl: string | null): CallbackUrlOf =>
  supplierId =>
    publicUrl === null ? null : `${publicUrl.replace(/\/+$/, '')}${CALLBACK_PATH}/${toApiId('supplier', supplierId)}`
