import type { EscrowAttempt } from '../job/escrow-facts.ts'
import type { JobInfo } from '../job/info.ts'
import { MAX_ATTEMPTS } from '../job/records.ts'
import { attemptKey, chunkCount, macrosOf } from '../job/view.ts'
import type { Abortable, ChainEvent, Clock, EscrowId } from '../ports.ts'
import type { EscrowReads } from './bounded-reads.ts'
import { RECHECK_MS } from './escrow-stakes.ts'

/** Chunks of one Job that are asked about at once. */
const AT_ONCE = 8
/** A chunk that was settled so many blocks before a reorganisation stays settled: effects of our own are watched for as many. */
const SETTLED_DEPTH_BLOCKS = 64

/** An event that names its chunk. */
export type ChunkEvent = Extract<ChainEvent, { chunk: number }>

/** What the chain says of the chunks of one Job: each is read once, and again when an event names it, or where it may have been read wrong. */
export interface ChunkBook {
  /** This chunk has moved, and the next `read` must show how. */
  tell(event: ChunkEvent): void
  /** What was read of this block and later ones is void. */
  reorganized(fromBlock: number): void
  /** Doubts the chunk that was read the longest ago, where that is too long: one at a time. True where there is one. */
  age(): boolean
  hasDoubts(): boolean
  /** Asks for the chunks in doubt alone. False where the chain does not show yet what events have told. Throws what Chain throws; what was read by then stays read. */
  read(options: Abortable): Promise<boolean>
  /** All that was read by now is as the chain is at block `number`, or was before. */
  seal(number: number): void
  facts(): { attempts: Map<string, EscrowAttempt>; settled: Map<number, bigint> }
}

interface Entry {
  attempts: ReadonlyMap<number, EscrowAttempt>
  settled: bigint
  /** Counts what has cast doubt on it; equal to `read` where it is known. */
  doubts: number
  read: number
  readMs: number
  /** Of the book, when it was read. */
  era: number
  /** Events that no read has shown. */
  told: ChunkEvent[]
  /** Everything is settled, in this block or one before. */
  settledBy: number | undefined
}

export function createChunkBook(
  { chain, clock }: { chain: Pick<EscrowReads, 'attempt' | 'nextAttempt' | 'settled'>; clock: Pick<Clock, 'nowMs'> },
  info: JobInfo,
  escrowId: EscrowId,
): ChunkBook {
  const entries = Array.from({ length: chunkCount(info) }, (): Entry => ({ ...UNREAD, told: [] }))
  /** Pinned attempts change no more, unless the chain is reorganised. */
  let era = 0

  const readChunk = async (chunk: number, entry: Entry, options: Abortable): Promise<boolean> => {
    const { doubts } = entry
    const readIn = era
    const pinned = entry.era === era ? entry.attempts : NONE
    const next = await chain.nextAttempt(escrowId, chunk, options)
    // Without a root nothing can be settled.
    const settled = next === 0 ? 0n : await chain.settled(escrowId, chunk, options)
    const attempts = new Map<number, EscrowAttempt>()
    for (let attempt = 0; attempt < Math.min(next, MAX_ATTEMPTS); attempt++) {
      const known = pinned.get(attempt)
      const found = known?.beacon !== undefined ? known : await chain.attempt({ escrowId, chunk, attempt }, options)
      if (found !== undefined) attempts.set(attempt, { root: found.root, proposal: found.proposal, beacon: found.beacon })
    }
    Object.assign(entry, { attempts, settled, era: readIn, readMs: clock.nowMs(), settledBy: undefined })
    entry.told = entry.told.filter((event) => !shows(entry, event))
    if (entry.told.length === 0) entry.read = doubts
    // What moved meanwhile is asked again the next time, which comes at once.
    return entry.told.length === 0 || entry.doubts !== doubts
  }

  const isSettled = (entry: Entry, chunk: number) => entry.settled === (1n << BigInt(macrosOf(info, chunk).length)) - 1n

  return {
    tell(event) {
      const entry = entries[event.chunk]
      if (entry === undefined || event.attempt >= MAX_ATTEMPTS) return
      entry.doubts++
      entry.told.push(event)
    },
    reorganized(fromBlock) {
      era++
      for (const entry of entries) {
        entry.told = entry.told.filter(({ blockNumber }) => blockNumber < fromBlock)
        if (entry.settledBy !== undefined && entry.settledBy + SETTLED_DEPTH_BLOCKS < fromBlock) entry.era = era
        else entry.doubts++
      }
    },
    age() {
      const open = entries.filter(({ settledBy, doubts, read }) => settledBy === undefined && doubts === read)
      const oldest = open.reduce<Entry | undefined>((found, entry) => (found && found.readMs <= entry.readMs ? found : entry), undefined)
      if (oldest === undefined || clock.nowMs() - oldest.readMs < RECHECK_MS) return false
      oldest.doubts++
      return true
    },
    hasDoubts: () => entries.some(({ doubts, read }) => doubts !== read),
    async read(options) {
      const waiting = [...entries.entries()].filter(([, { doubts, read }]) => doubts !== read)
      let isShown = true
      let failed = false
      const work = async () => {
        for (let next = waiting.shift(); next !== undefined && !failed; next = waiting.shift()) {
          const [chunk, entry] = next
          isShown = (await readChunk(chunk, entry, options)) && isShown
        }
      }
      const each = Array.from({ length: Math.min(AT_ONCE, waiting.length) }, () =>
        work().catch((error: unknown) => {
          failed = true
          throw error
        }),
      )
      await Promise.all(each)
      return isShown
    },
    seal(number) {
      for (const [chunk, entry] of entries.entries()) {
        if (entry.settledBy === undefined && entry.doubts === entry.read && isSettled(entry, chunk)) entry.settledBy = number
      }
    },
    facts() {
      const found = [...entries.entries()]
      return {
        attempts: new Map(found.flatMap(([chunk, entry]) => [...entry.attempts].map(([attempt, of]) => [attemptKey(chunk, attempt), of]))),
        settled: new Map(found.map(([chunk, { settled }]) => [chunk, settled])),
      }
    },
  }
}

const NONE: ReadonlyMap<number, EscrowAttempt> = new Map()

const UNREAD: Omit<Entry, 'told'> = {
  attempts: NONE,
  settled: 0n,
  doubts: 1,
  read: 0,
  readMs: Number.NEGATIVE_INFINITY,
  era: 0,
  settledBy: undefined,
}

/** True where what was read has the event's effect: an endpoint that is a block behind does not have it yet. */
function shows({ attempts, settled }: Pick<Entry, 'attempts' | 'settled'>, event: ChunkEvent): boolean {
  switch (event.type) {
    case 'root:committed':
      return attempts.get(event.attempt)?.root === event.root
    case 'beacon:pinned':
      return attempts.get(event.attempt)?.beacon === event.beacon
    case 'macrojobs:settled':
      return (settled & event.settled) === event.settled
  }
}
