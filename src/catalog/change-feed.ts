/**
 * The change feed, read once for everybody: shops that follow it ask for the same page at the same time.
 * A change says which SKU and why; what the SKU is now, each reseller reads from the listings.
 */
import type { Queryable } from '../kit/db/index.ts'
import type { CatalogChange, FeedPosition } from './change.ts'
import { readChanges, readFeedEnd } from './stock-repository.ts'

export interface FeedPage {
  readonly changes: readonly CatalogChange[]
  /** Where to go on; the position that was asked for when there is nothing new. */
  readonly next: FeedPosition
  /** `performance.now()` after it was read: a listing read later than this knows every change of the page. */
  readonly readAt: number
}

export interface ChangeFeed {
  /** A page may be `FEED_PAGE_MAX_AGE_MS` old. */
  read(after: FeedPosition, limit: number): Promise<FeedPage>
  /** The position behind everything that can be read now. */
  end(): Promise<FeedPosition>
}

/** How late a change may be seen; with many followers, how often the feed is read for each page. */
const FEED_PAGE_MAX_AGE_MS = 250
/** Followers stand at few different positions; more pages than this are only those of stragglers. */
const FEED_PAGES_MAX = 1_000

interface CachedPage {
  readonly page: Promise<FeedPage>
  readonly until: number
}

export function createChangeFeed({ db }: { db: Queryable }): ChangeFeed {
  const pages = new Map<string, CachedPage>()

  async function readPage(after: FeedPosition, limit: number): Promise<FeedPage> {
    const changes = await readChanges(db, after, limit)
    return { changes, next: changes.at(-1)?.position ?? after, readAt: performance.now() }
  }

  function cachePage(key: string, page: Promise<FeedPage>): void {
    pages.delete(key)
    pages.set(key, { page, until: performance.now() + FEED_PAGE_MAX_AGE_MS })
    page.catch(() => pages.delete(key))
    const [oldest] = pages.keys()
    if (pages.size > FEED_PAGES_MAX && oldest !== undefined) pages.delete(oldest)
  }

  return {
    read: (after, limit) => {
      const key = `${after.xid}.${after.seq}.${limit}`
      const cached = pages.get(key)
      if (cached !== undefined && performance.now() < cached.until) return cached.page
      const page = readPage(after, limit)
      cachePage(key, page)
      return page
    },
    end: () => readFeedEnd(db)
  }
}
