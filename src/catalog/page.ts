/** Lists by id, newest first. The lists of resellers page in the same way. */
import type { CursorCodec } from '../kit/cursor.ts'

/** The id that the page begins after. Throws: `validation_failed`. */
export const fromCursor = (cursors: CursorCodec, list: string, cursor: string | undefined): string | null =>
  cursor === undefined ? null : String(cursors.decode(list, cursor)[0])

/** Of `limit + 1` rows, those to show, and the cursor of the next page if there is one. */
export function pageOf<T extends { readonly id: string }>(
  cursors: CursorCodec,
  list: string,
  rows: readonly T[],
  limit: number
): { shown: readonly T[]; nextCursor: string | null } {
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  return { shown, nextCursor: rows.length > limit && last !== undefined ? cursors.encode(list, [last.id]) : null }
}
