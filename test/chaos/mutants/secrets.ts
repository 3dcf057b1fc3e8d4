/** Secrets, and who may do what. */
import { type Mutant, QUIET, test } from './mutant.ts'

/** Row-level security, which would show nothing of another reseller. */
const NO_SECOND_WALL = {
  file: 'src/kit/db/settings.ts',
  find: 'return `SET LOCAL ROLE ${TENANT_ROLE}; SET',
  replace: 'return `SET LOCAL ROLE ${TENANT_ROLE === "" ? TENANT_ROLE : ROLE}; SET'
}

export const secrets: readonly Mutant[] = [
  {
    name: 'a key that may be stocked twice',
    edits: [{ file: 'migrations/0001_foundation.sql', find: `fingerprint bytea PRIMARY KEY,`, replace: `fingerprint bytea NOT NULL,` }],
    check: QUIET
  },
  {
    name: 'constant associated data',
    edits: [
      {
        file: 'src/inventory/card-cipher.ts',
        find: 'Buffer.from(`kahub1|card|${cardId}|${skuId}|${dataKeyId}`, ',
        replace: 'Buffer.from(`kahub1|card|${cardId === skuId ? dataKeyId : 0}`, '
      }
    ],
    check: test('test/inventory/vault.test.ts')
  },
  {
    name: 'no tenant in the question',
    edits: [
      {
        file: 'src/orders/repository.ts',
        find: `WHERE o.id = $1 AND ($2::uuid IS NULL OR o.reseller_id = $2)\`)\n\n/** \`resellerId\` null: for operators. */`,
        replace: `WHERE o.id = $1 AND ($2::uuid IS NULL OR o.reseller_id IS NOT NULL)\`)\n\n/** \`resellerId\` null: for operators. */`
      },
      NO_SECOND_WALL
    ],
    check: test('test/acceptance/isolation.test.ts')
  },
  {
    name: 'a revoked key that opens',
    edits: [
      {
        file: 'src/accounts/repository.ts',
        find: `k.key_hash = ANY($1::bytea[]) AND k.revoked_at IS NULL AND`,
        replace: `k.key_hash = ANY($1::bytea[]) AND`
      }
    ],
    check: test('test/accounts/authenticate.test.ts')
  },
  {
    name: 'an order for whoever asks',
    edits: [
      {
        file: 'src/orders/repository.ts',
        find: `WHERE o.id = $1 AND ($2::uuid IS NULL OR o.reseller_id = $2)\`)\n\n/** \`resellerId\` null: for operators. */`,
        replace: `WHERE o.id = $1 AND ($2::uuid IS NULL OR o.reseller_id IS NOT NULL)\`)\n\n/** \`resellerId\` null: for operators. */`
      },
      NO_SECOND_WALL
    ],
    check: QUIET
  },
  {
    name: 'a revoked key that is remembered',
    edits: [{ file: 'src/accounts/key-cache.ts', find: `const MAX_AGE_MS = 2_000\n`, replace: `const MAX_AGE_MS = 2_000_000\n` }],
    check: test('test/orders/redis-away.test.ts')
  },
  {
    name: 'a test key in the real shop',
    edits: [
      { file: 'src/accounts/key-text.ts', find: `text.startsWith('kh_test_') === test && checksum`, replace: `(text.length > 0 || test) && checksum` }
    ],
    check: test('test/accounts/authenticate.test.ts')
  },
  {
    name: 'a token that nobody signed',
    edits: [
      { file: 'src/accounts/operator-token.ts', find: `createRemoteJWKSet, errors,`, replace: `createRemoteJWKSet, decodeJwt, errors,` },
      {
        file: 'src/accounts/operator-token.ts',
        find: `const { payload } = await jwtVerify(token, keyFor(fetchKey), options)`,
        replace: `const payload = await jwtVerify(token, keyFor(fetchKey), options).then(verified => verified.payload, () => decodeJwt(token))`
      }
    ],
    check: test('test/accounts/operator-token.test.ts')
  },
  {
    name: 'a scope that nobody asks for',
    edits: [
      {
        file: 'src/http/plugins/auth.ts',
        find: `if (!principal.scopes.has(access.scope)) throw`,
        replace: `if (!principal.scopes.has(access.scope) && access.scope === '') throw`
      }
    ],
    check: test('test/acceptance/authority.test.ts')
  },
  {
    name: 'a limit that nobody counts',
    edits: [{ file: 'src/http/plugins/rate-limit.ts', find: `if (state.isAllowed) return`, replace: `if (state.isAllowed || max > 0) return` }],
    check: test('test/http/rate-limit.test.ts')
  }
]
