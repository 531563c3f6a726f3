import type { Attempt } from '../block/attempt.ts'

/** Where scrape loops leave what they fetched. */
export interface ProfileStore {
  /**
   * Resolves once the attempt is on disk (fsynced) and visible to queries.
   * Rejects with a StoreError: code `DISK_FULL` pauses scraping, anything else is counted and logged.
   */
  append(attempt: Attempt): Promise<void>
}
