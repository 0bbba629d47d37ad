import { count } from '../rpc/fields.ts'
import type { SenderComponents, SenderInit } from './components.ts'

export interface Nonces {
  /** The nonce for the next transaction. */
  next(signal: AbortSignal): Promise<number>
  /** A transaction of ours has it until the returned function is called. */
  hold(nonce: number): () => void
}

/**
 * Nonces as the chain counts them, and those of our own transactions on the way. A transaction that an earlier run or another process left in
 * the pools gets the time to reach a block; one that does not is replaced, so that nothing of ours waits behind it for ever.
 */
export function createNonces({ rpc, signer, clock, logger }: SenderComponents, { stuckAfterMs, pollingIntervalMs }: SenderInit): Nonces {
  const held = new Set<number>()
  const counted = (tag: 'latest' | 'pending', signal: AbortSignal) =>
    rpc[tag === 'latest' ? 'agree' : 'ask']('eth_getTransactionCount', [signer.address, tag], count, { signal })

  return {
    async next(signal) {
      const latest = await counted('latest', signal)
      const after = Math.max(latest, ...[...held].map((nonce) => nonce + 1))
      if (after > latest) return after
      const pending = await counted('pending', signal)
      if (pending <= latest) return latest
      logger.info('waiting for transactions of this wallet that are not of this process', { from: latest, below: pending })
      const since = clock.nowMs()
      let nonce = latest
      while (nonce < pending && clock.nowMs() - since < stuckAfterMs) {
        await clock.sleep(pollingIntervalMs, { signal })
        nonce = await counted('latest', signal)
      }
      return nonce
    },
    hold(nonce) {
      held.add(nonce)
      return () => void held.delete(nonce)
    },
  }
}
