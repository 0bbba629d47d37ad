import type { Logger } from '../log.ts'
import type { Clock } from '../ports.ts'
import type { LocalBlocks } from './blocks.ts'
import type { PinOwner } from './pins.ts'

export interface GarbageCollectorInit {
  /** Finished owners are released when they have been finished for so long. */
  maxAgeMs: number
  /** Above this, finished owners are released before their age, the oldest first. Owners at work are never released. */
  maxBytes: number
  /** Between two collections. @default 10 minutes */
  intervalMs?: number
  /** Hears of each owner whose pins were dropped, so that what else is kept of it goes too. */
  onReleased?: (owner: string) => Promise<void>
  /** The clock that dated the pins. @default Date.now */
  wallClockMs?: () => number
}

interface Collection {
  releasedOwners: string[]
  freedBytes: number
  usedBytes: number
}

export interface GarbageCollector {
  /** Collects now; joins a collection that is under way. */
  collect(): Promise<Collection>
  stop(): Promise<void>
}

export interface GarbageCollectorComponents {
  blocks: Pick<LocalBlocks, 'owners' | 'release' | 'gc' | 'usedBytes'>
  clock: Clock
  logger: Logger
}

const DEFAULT_INTERVAL_MS = 10 * 60_000

/** Collects every `intervalMs`: releases finished owners by age, then by total size, and deletes what nobody pins. */
export function createGarbageCollector(
  { blocks, clock, logger }: GarbageCollectorComponents,
  init: GarbageCollectorInit,
): GarbageCollector {
  const { maxAgeMs, maxBytes, intervalMs = DEFAULT_INTERVAL_MS, wallClockMs = Date.now, onReleased } = init
  const stopping = new AbortController()
  const { signal } = stopping
  let current: Promise<Collection> | undefined

  async function release(owners: readonly PinOwner[], into: string[]): Promise<void> {
    for (const { owner } of owners) {
      await blocks.release(owner)
      await onReleased?.(owner)
      into.push(owner)
    }
  }

  async function run(): Promise<Collection> {
    const releasedOwners: string[] = []
    const nowMs = wallClockMs()
    await release(
      (await finishedOwners()).filter(({ finishedAtMs }) => nowMs - finishedAtMs >= maxAgeMs),
      releasedOwners,
    )
    let { freedBytes } = await blocks.gc({ signal })
    let usedBytes = await blocks.usedBytes()
    for (let left = await finishedOwners(); usedBytes > maxBytes && left.length > 0; left = await finishedOwners()) {
      await release(oldestWorth(left, usedBytes - maxBytes), releasedOwners)
      freedBytes += (await blocks.gc({ signal })).freedBytes
      usedBytes = await blocks.usedBytes()
    }
    if (usedBytes > maxBytes) logger.warn('storage is over its limit with the data of Jobs at work', { usedBytes, maxBytes })
    if (releasedOwners.length > 0) logger.info('finished Jobs released', { releasedOwners, freedBytes, usedBytes })
    return { releasedOwners, freedBytes, usedBytes }
  }

  async function finishedOwners(): Promise<(PinOwner & { finishedAtMs: number })[]> {
    const finished = (await blocks.owners()).flatMap((owner) =>
      owner.finishedAtMs === undefined ? [] : [{ ...owner, finishedAtMs: owner.finishedAtMs }],
    )
    return finished.sort((a, b) => a.finishedAtMs - b.finishedAtMs)
  }

  const collect = (): Promise<Collection> => (current ??= run().finally(() => (current = undefined)))

  async function loop(): Promise<void> {
    while (!signal.aborted) {
      await clock.sleep(intervalMs, { signal })
      await collect().catch((error) => signal.aborted || logger.error('garbage collection failed', { error }))
    }
  }

  const looping = loop().catch(() => {}) // only the abort of its sleep ends it
  return {
    collect,
    async stop() {
      stopping.abort(new DOMException('the collector was stopped', 'AbortError'))
      await Promise.allSettled([looping, current])
    },
  }
}

/** The first owners that together pin at least `bytes`; shared blocks make this an estimate, which the caller measures. */
function oldestWorth<T extends PinOwner>(owners: readonly T[], bytes: number): T[] {
  const worth: T[] = []
  let left = bytes
  for (const owner of owners) {
    if (left <= 0) break
    left -= owner.roots.reduce((total, root) => total + root.bytes, 0)
    worth.push(owner)
  }
  return worth
}
