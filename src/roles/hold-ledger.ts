import type { JobId } from '../job/ids.ts'
import type { JobInfo } from '../job/info.ts'
import type { Logger } from '../log.ts'
import type { Blocks, PeerId, Vault } from '../ports.ts'
import type { Held } from './held-jobs.ts'
import { type FullReason, makeWay, type Place, type PlaceLimits, sizeOfJob } from './held-places.ts'
import { holdScope, readHoldRecord, writeHoldRecord } from './hold-records.ts'

/** When a Job last moved is written down again after so long: what hangs on it counts days. */
const WRITE_AGAIN_MS = 3_600_000

/** What keeps a file, as far as a holder asks. */
export interface Pinner {
  owner: string
  roots: readonly { cid: string; bytes: number }[]
  finishedAtMs: number | undefined
}

export interface LedgerComponents {
  blocks: Blocks & { owners?(): Promise<readonly Pinner[]> }
  vault: Vault
  /** The network that a connected peer comes from; undefined where that says nothing about owners. */
  networkOf(peer: PeerId): string | undefined
  /** Unix time in milliseconds. */
  unixMs(): number
  logger: Logger
}

/** A Job that is being fetched. */
export interface Asking {
  jobId: JobId
  from: PeerId
  /** Known once its description is here. */
  info?: JobInfo
}

/** A holder's account of who takes how many of its places, and how much of its disk. */
export interface HoldLedger {
  /** Which Jobs give way to the one asked for, or why it is refused. `others` are being fetched. */
  admit(held: Iterable<Held>, asking: Asking, others: Iterable<Asking>): Promise<Held[] | FullReason>
  /** True where the disk has no room for the Job before something is collected. */
  isTight(info: JobInfo): Promise<boolean>
  /** The place of a Job that is taken now, written down. */
  enter(asking: Asking & { info: JobInfo }): Promise<Place>
  /** The place of a Job of an earlier run. */
  read(jobId: JobId, info: JobInfo): Promise<Place>
  /** A record was new here. */
  moved(jobId: JobId, place: Place): void
  drop(jobId: JobId): Promise<void>
}

export function createHoldLedger({ blocks, vault, networkOf, unixMs, logger }: LedgerComponents, limits: PlaceLimits): HoldLedger {
  const writtenMs = new Map<JobId, number>()
  const pinners = async () => (await blocks.owners?.()) ?? []
  const pinned = (all: readonly Pinner[]) => {
    const once = new Map(all.flatMap(({ roots }) => roots.map(({ cid, bytes }) => [cid, bytes] as const)))
    return [...once.values()].reduce((total, bytes) => total + bytes, 0)
  }

  const wantedOf = ({ from, info }: Asking) => ({
    owners: [...new Set(info === undefined ? [from] : [info.requester, from])],
    network: networkOf(from),
    ...(info === undefined ? { bytes: 0, files: [] } : sizeOfJob(info)),
  })
  const write = async (jobId: JobId, place: Place) => {
    writtenMs.set(jobId, place.lastRecordMs)
    await writeHoldRecord(vault, jobId, place)
  }

  return {
    async admit(held, asking, others) {
      const open = [...held].filter(({ mirror }) => !mirror.isOver())
      const known = new Set<string>(open.map(({ session }) => session.jobId))
      // What is pinned and belongs to no open Job of ours, nor to one that is over, stays where it is.
      const foreign = (await pinners()).filter(
        ({ owner, finishedAtMs }) => finishedAtMs === undefined && !known.has(owner) && owner !== asking.jobId,
      )
      const underWay = [...others].filter(({ jobId }) => jobId !== asking.jobId && !known.has(jobId))
      const places = [
        ...open.map((held) => ({ ...held.place, held })),
        ...underWay.map((other) => ({ ...wantedOf(other), lastRecordMs: unixMs(), isUnderWay: true })),
      ]
      const beside = foreign.filter(({ owner }) => !underWay.some(({ jobId }) => jobId === owner))
      const way = makeWay<Place & { held?: Held }>(
        places,
        wantedOf(asking),
        { ...limits, maxBytes: limits.maxBytes - pinned(beside) },
        unixMs(),
      )
      return typeof way === 'string' ? way : way.flatMap(({ held }) => held ?? [])
    },
    isTight: async (info) => pinned(await pinners()) + info.code.bytes + (info.data?.bytes ?? 0) > limits.maxBytes,
    async enter(asking) {
      const place = { ...wantedOf(asking), lastRecordMs: unixMs() }
      await write(asking.jobId, place)
      return place
    },
    async read(jobId, info) {
      const record = await readHoldRecord(vault, jobId)
      const place = { owners: [info.requester], lastRecordMs: unixMs(), ...record, ...sizeOfJob(info) }
      if (record === undefined) await write(jobId, place)
      else writtenMs.set(jobId, record.lastRecordMs)
      return place
    },
    moved(jobId, place) {
      place.lastRecordMs = unixMs()
      if (place.lastRecordMs - (writtenMs.get(jobId) ?? 0) < WRITE_AGAIN_MS) return
      write(jobId, place).catch((error: unknown) => logger.debug('could not write down when a Job last moved', { jobId, error }))
    },
    async drop(jobId) {
      writtenMs.delete(jobId)
      await vault.drop(holdScope(jobId))
    },
  }
}
