/** Lists by id, newest first. */
import { pageLimit } from '../../http/index.ts'
import type { CursorCodec } from '../../kit/cursor.ts'
import type { Page } from '../repository.ts'

export interface ListRequest {
  /** Names the list, so that its cursors fit no other. */
  readonly list: string
  readonly query: { limit?: number; cursor?: string }
}

/** Reads one row more than asked, to know whether there is a next page. Throws: validation_failed. */
export async function pageOf<T extends { readonly id: string }, A>(
  cursors: CursorCodec,
  { list, query }: ListRequest,
  read: (page: Page) => Promise<T[]>,
  toApi: (row: T) => A
): Promise<{ data: A[]; nextCursor: string | null }> {
  const limit = pageLimit(query)
  const before = query.cursor === undefined ? null : String(cursors.decode(list, query.cursor)[0])
  const rows = await read({ before, limit: limit + 1 })
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  const nextCursor = rows.length > limit && last !== undefined ? cursors.encode(list, [last.id]) : null
  return { data: shown.map(toApi), nextCursor }
}
