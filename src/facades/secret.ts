/** What is kept sealed of a credential: its secret and, where signatures need it, the credential that the other side has from a third one. */

export interface Partner {
  readonly appId: string
  readonly appSecret: string
}

export interface SecretParts {
  readonly secret: string
  readonly partner: Partner | null
}

export const joinSecret = ({ secret, partner }: SecretParts): string => (partner === null ? secret : JSON.stringify({ secret, ...partner }))

export function splitSecret(text: string): SecretParts {
  if (!text.startsWith('{')) return { secret: text, partner: null }
  const { secret, appId, appSecret } = JSON.parse(text) as Partner & { secret: string }
  return { secret, partner: { appId, appSecret } }
}
