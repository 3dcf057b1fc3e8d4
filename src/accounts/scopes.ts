/** What a credential may do. A route declares one scope; a key holds a subset of its role's. */
export const SCOPES = {
  reseller: [
    'catalog:read',
    'orders:read',
    'orders:write',
    'cards:reveal',
    'wallet:read',
    'wallet:write',
    'events:read',
    'webhooks:read',
    'webhooks:write'
  ],
  supplier: ['supplier:read', 'supplier:write'],
  operator: [
    'catalog:read',
    'catalog:write',
    'stock:write',
    'accounts:read',
    'accounts:write',
    'wallet:read',
    'wallet:write',
    'orders:read',
    'orders:write',
    'system:read',
    'system:write'
  ]
} as const

export type KeyKind = keyof typeof SCOPES

/** The known ones among `scopes`, each once, in the order of the table. */
export const knownScopes = (kind: KeyKind, scopes: Iterable<string>): string[] => {
  const asked = new Set(scopes)
  return SCOPES[kind].filter(scope => asked.has(scope))
}
