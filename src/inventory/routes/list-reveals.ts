import { operation, pageLimit, Ref } from '../../http/index.ts'
import { fromApiRevealQuery, toApiReveal } from '../convert.ts'
import { listReveals } from '../repository.ts'
import { CardRevealPage, RevealQuery } from '../schemas.ts'
import { type App, type InventoryDeps, READ, TAG } from './deps.ts'

const LIST = 'card-reveals'

export function listRevealsRoute(app: App, { db, cursors }: InventoryDeps): void {
  app.route({
    method: 'GET',
    url: '/v1/admin/reveals',
    ...operation({
      id: 'listReveals',
      tag: TAG,
      summary: 'List who saw which card, newest first',
      access: READ,
      query: RevealQuery,
      response: { 200: Ref(CardRevealPage) }
    }),
    handler: async ({ query }) => {
      const limit = pageLimit(query)
      const before = query.cursor === undefined ? null : BigInt(cursors.decode(LIST, query.cursor)[0] ?? 0)
      const rows = await listReveals(db, fromApiRevealQuery(query), { before, limit: limit + 1 })
      const shown = rows.slice(0, limit)
      const last = shown.at(-1)
      return {
        data: shown.map(toApiReveal),
        nextCursor: rows.length > limit && last !== undefined ? cursors.encode(LIST, [last.id.toString()]) : null
      }
    }
  })
}
