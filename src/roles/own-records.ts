import { type JobRecord, keyOf } from '../job/records.ts'
import type { JobLog } from '../ports.ts'
import { encodeRecord } from '../protocol/records.ts'

/** What this peer itself has written into a Job's log: each key once. */
export interface OwnRecords {
  /** A record of ours was found in the log. */
  note(key: string): void
  /** Writes those whose key we have not written yet; resolves when they are durable here. Rejects as JobLog.append does. */
  append(records: readonly JobRecord[]): Promise<void>
  isEmpty(): boolean
}

export function createOwnRecords(log: Pick<JobLog, 'append'>): OwnRecords {
  const keys = new Set<string>()
  return {
    note: (key) => void keys.add(key),
    async append(records) {
      const fresh = records.filter((record) => !keys.has(keyOf(record)))
      if (fresh.length === 0) return
      for (const record of fresh) keys.add(keyOf(record))
      try {
        await log.append(fresh.map((record) => ({ key: keyOf(record), value: encodeRecord(record) })))
      } catch (error) {
        // A full disk, say: what was not written may be tried again.
        for (const record of fresh) keys.delete(keyOf(record))
        throw error
      }
    },
    isEmpty: () => keys.size === 0,
  }
}
