import type { Logger } from '../log.ts'
import type { Abortable, Chain, EscrowId } from '../ports.ts'

/** Why an escrow is to be read again. */
export interface EscrowNews {
  /** What was read before may not hold any more. */
  reorganized?: boolean
  /** Its stake has moved. */
  wallet?: string
}

type Listener = (news: EscrowNews) => void

/** One look at the escrow's events for all Jobs of this peer. */
export interface EscrowFeed {
  /** Calls `listener` whenever this Job's escrow may have moved, or some wallet's stake; returns the way to stop. */
  onMoved(escrowId: EscrowId, listener: Listener): () => void
}

/** Follows the events from now on until the signal is aborted. */
export function createEscrowFeed(
  { chain, logger }: { chain: Pick<Chain, 'events' | 'head'>; logger: Logger },
  { signal }: Required<Abortable>,
): EscrowFeed {
  const listeners = new Map<EscrowId, Set<Listener>>()
  const tell = (found: Iterable<Listener>, news: EscrowNews) => {
    for (const listener of [...found]) listener(news)
  }
  const tellAll = (news: EscrowNews) => {
    for (const found of [...listeners.values()]) tell(found, news)
  }
  const follow = async () => {
    const { number } = await chain.head({ signal })
    for await (const event of chain.events(number, { signal })) {
      if (event.type === 'chain:reorganized') tellAll({ reorganized: true })
      // A deadline passes without an event of the escrow.
      else if (event.type === 'chain:advanced') tellAll({})
      // A stake is one for all Jobs.
      else if ('wallet' in event && event.type !== 'job:engaged') tellAll({ wallet: event.wallet })
      else if ('escrowId' in event) tell(listeners.get(event.escrowId) ?? [], {})
    }
  }
  follow().catch((error: unknown) => {
    if (!signal.aborted) logger.error('stopped to follow the chain', { error })
  })
  return {
    onMoved(escrowId, listener) {
      const found = listeners.get(escrowId) ?? new Set()
      listeners.set(escrowId, found.add(listener))
      return () => {
        found.delete(listener)
        if (found.size === 0) listeners.delete(escrowId)
      }
    },
  }
}
