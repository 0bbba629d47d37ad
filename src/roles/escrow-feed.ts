import type { Logger } from '../log.ts'
import type { Abortable, Chain, ChainEvent, Clock, EscrowId } from '../ports.ts'

/** Where the chain did not answer, it is asked again after this; doubled each time up to the cap. */
const RETRY_MS = 500
const MAX_RETRY_MS = 15_000
export const chainRetryMs = (failures: number) => Math.min(MAX_RETRY_MS, RETRY_MS * 2 ** failures)

type Listener = (event: ChainEvent) => void

/** One look at the escrow's events for all Jobs of this peer. */
export interface EscrowFeed {
  /** Resolves when whatever happens to an escrow from then on will be told; what is read before may miss something. */
  begun: Promise<void>
  /** Tells `listener` each event of this Job's escrow, of any wallet's stake, and of the chain itself; returns the way to stop. */
  onEvent(escrowId: EscrowId, listener: Listener): () => void
}

/** Follows the events from now on until the signal is aborted. */
export function createEscrowFeed(
  { chain, clock, logger }: { chain: Pick<Chain, 'events' | 'head'>; clock: Clock; logger: Logger },
  { signal }: Required<Abortable>,
): EscrowFeed {
  const listeners = new Map<EscrowId, Set<Listener>>()
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>()
  const listenersOf = (event: ChainEvent): Listener[] => {
    // A stake is one for all Jobs, and so is the chain.
    const isForAll = !('escrowId' in event) || event.type === 'wallet:convicted'
    return isForAll ? [...listeners.values()].flatMap((found) => [...found]) : [...(listeners.get(event.escrowId) ?? [])]
  }
  const follow = async () => {
    const number = await newestBlock({ chain, clock, logger }, signal)
    begin()
    for await (const event of chain.events(number, { signal })) {
      for (const listener of listenersOf(event)) listener(event)
    }
  }
  follow().catch((error: unknown) => {
    if (!signal.aborted) logger.error('stopped to follow the chain', { error })
  })
  return {
    begun,
    onEvent(escrowId, listener) {
      const found = listeners.get(escrowId) ?? new Set()
      listeners.set(escrowId, found.add(listener))
      return () => {
        found.delete(listener)
        if (found.size === 0) listeners.delete(escrowId)
      }
    },
  }
}

/** The number of the newest block, as soon as the chain answers. Rejects with the signal's reason. */
async function newestBlock({ chain, clock, logger }: { chain: Pick<Chain, 'head'>; clock: Clock; logger: Logger }, signal: AbortSignal) {
  for (let failures = 0; ; failures++) {
    try {
      return (await chain.head({ signal })).number
    } catch (error) {
      signal.throwIfAborted()
      logger.debug('the chain cannot be followed yet', { error })
      await clock.sleep(chainRetryMs(failures), { signal })
    }
  }
}
