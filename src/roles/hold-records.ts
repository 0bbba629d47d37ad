import type { JobId } from '../job/ids.ts'
import type { Vault } from '../ports.ts'

/** What a holder remembers of a Job beside its log: the log keeps no time of arrival, and nobody but the holder knows who brought it. */
export interface HoldRecord {
  owners: readonly string[]
  network?: string | undefined
  /** When a record of it was new here, Unix time in milliseconds. */
  lastRecordMs: number
}

/** The place of a Job's record in the vault, apart from what a processor keeps there of the same Job. */
export const holdScope = (jobId: string) => `hold/${jobId}`
const KEY = 'place'

/** Undefined where nothing, or nothing that can be read, was kept. */
export async function readHoldRecord(vault: Pick<Vault, 'get'>, jobId: JobId): Promise<HoldRecord | undefined> {
  const bytes = await vault.get(holdScope(jobId), KEY)
  if (bytes === undefined) return undefined
  try {
    const record = JSON.parse(new TextDecoder().decode(bytes)) as HoldRecord
    return Array.isArray(record.owners) && Number.isFinite(record.lastRecordMs) ? record : undefined
  } catch {
    return undefined
  }
}

export async function writeHoldRecord(
  vault: Pick<Vault, 'put'>,
  jobId: JobId,
  { owners, network, lastRecordMs }: HoldRecord,
): Promise<void> {
  const json = JSON.stringify({ owners, network, lastRecordMs })
  await vault.put(holdScope(jobId), KEY, new TextEncoder().encode(json))
}
