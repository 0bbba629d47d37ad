import type { Logger } from '../log.ts'
import type { Abortable, Chain, EscrowId } from '../ports.ts'

/** Called with true where the chain was reorganised: what was read before may not hold any more. */
type Listener = (reorganized: boolean) => void

/** One look at the escrow's events for all Jobs of this peer. */
export interface EscrowFeed {
  /** Calls `listener` whenever this Job's escrow may have moved; returns the way to stop. */
  onMoved(escrowId: EscrowId, listener: Listener): () => void
}

/** Follows the events from now on until the signal is aborted. */
export function createEscrowFeed(
  { chain, logger }: { chain: Pick<Chain, 'events' | 'head'>; logger: Logger },
  { signal }: Required<Abortable>,
): EscrowFeed {
  const listeners = new Map<EscrowId, Set<Listener>>()
  const tell = (found: Iterable<Listener>, reorganized: boolean) => {
    for (const listener of [...found]) listener(reorganized)
  }
  const follow = async () => {
    const { number } = await chain.head({ signal })
    for await (const event of chain.events(number, { signal })) {
      if (event.type === 'chain:reorganized') for (const found of listeners.values()) tell(found, true)
      // A deadline passes without an event of the escrow.
      else if (event.type === 'chain:advanced') for (const found of listeners.values()) tell(found, false)
      else if ('escrowId' in event) tell(listeners.get(event.escrowId) ?? [], false)
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
