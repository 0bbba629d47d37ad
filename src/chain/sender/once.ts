import { DEVELOPMENT_CHAIN_ID } from '../../job/development-chain.ts'
import { abortable } from '../abortable.ts'
import { count } from '../rpc/fields.ts'
import type { SenderComponents } from './components.ts'
import { type KeptTransaction, keptOf, trackedOf } from './journal.ts'
import type { Launched } from './launch.ts'
import type { Tracked } from './tracker.ts'

/** Calls whose effect cannot be seen, each signed for one nonce and no other, in this process and in those that come after it. */
export interface OnceBook {
  /**
   * Follows up what an earlier process has left: that of the same intent is given back, to be waited for in place of a new one; others are waited for here,
   * as they have lower nonces.
   */
  resume(
    intent: string,
    follow: (tracked: Tracked) => Launched,
    signal: AbortSignal,
  ): Promise<({ tracked: Tracked } & Launched) | undefined>
  /** Before it is sent. Throws the signal's reason, and then nothing is kept. */
  keep(intent: string, tracked: Tracked, signal: AbortSignal): Promise<void>
  /** Whoever asked has heard what came of it; nothing where it is none of these. */
  forget(tracked: Tracked): Promise<void>
  /** Whoever asked has left, so that the same intent may take it over. */
  leave(tracked: Tracked): void
}

/** Without a journal nothing is known of earlier processes. */
export function createOnceBook({ journal, rpc, signer, chainId, logger }: SenderComponents): OnceBook {
  /** Nonces that somebody in this process waits for. */
  const awaited = new Set<number>()

  /** A development chain that began anew has not come to this nonce; there what was sent on the old one would wait for ever. */
  const isOfOldChain = async ({ nonce }: KeptTransaction, signal: AbortSignal) =>
    chainId === DEVELOPMENT_CHAIN_ID && (await rpc.agree('eth_getTransactionCount', [signer.address, 'latest'], count, { signal })) < nonce

  return {
    async resume(intent, follow, signal) {
      for (const kept of (await journal?.left()) ?? []) {
        if (awaited.has(kept.nonce)) continue
        if (await isOfOldChain(kept, signal)) {
          await journal?.drop(kept.nonce)
          continue
        }
        const tracked = trackedOf(kept)
        logger.info('going on with a transaction that was sent before', {
          call: kept.name,
          nonce: kept.nonce,
          hash: tracked.versions.at(-1)!.hash,
        })
        const launched = follow(withKeeping(kept.intent, tracked))
        if (kept.intent === intent) {
          awaited.add(kept.nonce)
          return { tracked, ...launched }
        }
        await abortable(launched.confirmed, signal).catch(() => signal.throwIfAborted())
        await journal?.drop(kept.nonce)
      }
      return undefined
    },
    async keep(intent, tracked, signal) {
      awaited.add(tracked.nonce)
      await journal?.keep(keptOf(intent, withKeeping(intent, tracked)))
      if (!signal.aborted) return
      await this.forget(tracked)
      signal.throwIfAborted()
    },
    async forget(tracked) {
      if (!awaited.has(tracked.nonce)) return
      await journal?.drop(tracked.nonce)
      this.leave(tracked)
    },
    leave({ nonce }) {
      awaited.delete(nonce)
    },
  }

  /** A dearer version may be the one that is taken. */
  function withKeeping(intent: string, tracked: Tracked): Tracked {
    if (journal !== undefined) tracked.keep = () => journal.keep(keptOf(intent, tracked))
    return tracked
  }
}
