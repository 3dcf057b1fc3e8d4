/** Where a shop may ask to be called. The connection itself checks the address again. */
import { isInternalHost } from '../kit/address-guard.ts'

const URL_MAX_LENGTH = 2_000

/** Null: it must not be called. Cards travel only where `carriesCards` says so. */
export function checkCallbackUrl(text: string, { allowPrivateTargets }: { readonly allowPrivateTargets: boolean }): string | null {
  if (text.length > URL_MAX_LENGTH || /[^\x21-\x7e]/.test(text) || !URL.canParse(text)) return null
  const url = new URL(text)
  if (!/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '' || text.includes('#')) return null
  return allowPrivateTargets || !isInternalHost(url.hostname) ? text : null
}

/** Over plain HTTP a shop is only told that the order has ended; it then asks for the cards as it does anyway. */
export const carriesCards = (url: string, { allowPrivateTargets }: { readonly allowPrivateTargets: boolean }): boolean =>
  url.startsWith('https:') || allowPrivateTargets
