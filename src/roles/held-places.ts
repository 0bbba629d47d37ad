import type { JobInfo } from '../job/info.ts'
import { resultBytesOfMicroJob } from '../job/opened-results.ts'
import type { HoldReply } from '../protocol/messages.ts'

const DAY_MS = 86_400_000
/** Open Jobs that a holder keeps: each has a log and channels open. */
export const MAX_OPEN_JOBS = 256
/** Those of one requester, or brought by one peer: a sixteenth, and more than a person watches at once. */
export const MAX_OPEN_JOBS_OF_PEER = 16
/** Those brought from one network: an eighth, for those who share an address. */
export const MAX_OPEN_JOBS_OF_NETWORK = 32
/**
 * An open Job without a deadline is let go after so long without a new record. Peers that work on a Job write records every few minutes, and those that come
 * back after a weekend, or a week away, still find it.
 */
export const QUIET_MS = 7 * DAY_MS
/** One with a deadline is kept until then, but not so much longer that a deadline in a thousand years is the same as none. */
export const QUIET_WITH_DEADLINE_MS = 30 * DAY_MS
/** Where a place is wanted and nobody has more than others, a Job that has stood still for a day gives its own up: many keys then hold a node for a day. */
export const STALE_MS = DAY_MS

export type FullReason = NonNullable<Extract<HoldReply, { type: 'refused' }>['reason']>

/** What one open Job takes of a holder. */
export interface Place {
  /** Its requester, and whoever brought it. */
  owners: readonly string[]
  /** The network it was brought from (network/subnets.ts); undefined where that says nothing about owners. */
  network?: string | undefined
  /** Of its code, data and results, whether they are here or only promised. */
  bytes: number
  /** Its code and data: what several Jobs share lies here once. */
  files: readonly { cid: string; bytes: number }[]
  /** When a record of it was new here, Unix time in milliseconds. */
  lastRecordMs: number
  /** True while it is being fetched: it counts, and does not give way. */
  isUnderWay?: boolean
}

export interface PlaceLimits {
  maxJobs: number
  maxJobsOfPeer: number
  maxJobsOfNetwork: number
  maxBytes: number
}

type Wanted = Pick<Place, 'owners' | 'network' | 'bytes' | 'files'>
type Weigh = (place: Wanted) => number

/** What a Job comes to, its results as large as its shape lets them be. */
export function sizeOfJob(info: JobInfo): Pick<Place, 'bytes' | 'files'> {
  const files = [info.code, ...(info.data === null ? [] : [info.data])].map(({ cid, bytes }) => ({ cid, bytes }))
  const { macroJobs, microJobs } = info.slicing
  return { files, bytes: sum(files) + macroJobs * microJobs * resultBytesOfMicroJob(info) }
}

/** True where nobody has written to an open Job for so long that it is let go. */
export function isQuiet({ lastRecordMs }: Pick<Place, 'lastRecordMs'>, { deadline }: Pick<JobInfo, 'deadline'>, unixMs: number): boolean {
  return unixMs - lastRecordMs >= (deadline === null ? QUIET_MS : QUIET_WITH_DEADLINE_MS)
}

/**
 * Which Jobs give way to a new one; none where there is room, a reason where it has to be refused. A key and a network have few places. Where all are taken,
 * whoever has most (of places, or of bytes) gives up its least active Job, as long as the newcomer then has no more than that one: whoever floods a holder
 * pays with its own flood, and two that have the same do not push each other out.
 */
export function makeWay<P extends Place>(taken: readonly P[], wanted: Wanted, limits: PlaceLimits, unixMs: number): P[] | FullReason {
  const ofOwner = (owner: string) => taken.filter(({ owners }) => owners.includes(owner)).length
  if (wanted.owners.some((owner) => ofOwner(owner) >= limits.maxJobsOfPeer)) return 'requester'
  const { network } = wanted
  if (network !== undefined && taken.filter((place) => place.network === network).length >= limits.maxJobsOfNetwork) return 'network'
  const left = new Set(taken)
  const gone: P[] = []
  for (;;) {
    const weigh = overLimit([...left, wanted], limits)
    if (weigh === undefined) return gone
    const next = nextToGo([...left], wanted, weigh, unixMs)
    if (next === undefined) return weigh === bytesOf ? 'disk' : 'places'
    left.delete(next)
    gone.push(next)
  }
}

const one: Weigh = () => 1
const bytesOf: Weigh = ({ bytes }) => bytes

/** What there is too much of. */
function overLimit(all: readonly Wanted[], { maxJobs, maxBytes }: PlaceLimits): Weigh | undefined {
  if (all.length > maxJobs) return one
  return sum(all) - sharedBytes(all) > maxBytes ? bytesOf : undefined
}

const sum = (all: readonly { bytes: number }[]) => all.reduce((total, { bytes }) => total + bytes, 0)

/** What is counted for more than one Job, and lies here once. */
function sharedBytes(all: readonly Wanted[]): number {
  const files = all.flatMap((place) => place.files)
  const once = new Map<string, number>()
  for (const { cid, bytes } of files) once.set(cid, Math.max(bytes, once.get(cid) ?? 0))
  return sum(files) - [...once.values()].reduce((total, bytes) => total + bytes, 0)
}

function nextToGo<P extends Place>(left: readonly P[], wanted: Wanted, weigh: Weigh, unixMs: number): P | undefined {
  const sums = new Map<string, number>()
  const add = (place: Wanted) => {
    for (const taker of takersOf(place)) sums.set(taker, (sums.get(taker) ?? 0) + weigh(place))
  }
  for (const place of left) add(place)
  const most = Math.max(0, ...sums.values())
  add(wanted)
  const standing = Math.max(...takersOf(wanted).map((taker) => sums.get(taker) as number))
  const isOfMost = (place: P) => takersOf(place).some((taker) => sums.get(taker) === most)
  const mayGo = left.filter((place) => !place.isUnderWay && weigh(place) > 0)
  const ofMost = most > standing ? mayGo.filter(isOfMost) : []
  const stale = mayGo.filter(({ lastRecordMs }) => unixMs - lastRecordMs >= STALE_MS)
  return leastActive(ofMost.length > 0 ? ofMost : stale)
}

/** A network is written with a slash, which no peer's id has. */
function takersOf({ owners, network }: Wanted): string[] {
  return [...new Set([...owners, ...(network === undefined ? [] : [network])])]
}

/** The oldest of those that have stood still for longest. */
function leastActive<P extends Place>(places: readonly P[]): P | undefined {
  return places.reduce<P | undefined>(
    (least, place) => (least === undefined || place.lastRecordMs < least.lastRecordMs ? place : least),
    undefined,
  )
}
