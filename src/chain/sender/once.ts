import { abortable } from '../../abortable.ts'
import { DEVELOPMENT_CHAIN_ID } from '../../job/development-chain.ts'
import { count, type Receipt } from '../rpc/fields.ts'
import type { SenderComponents } from './components.ts'
import { type KeptTransaction, keptOf, trackedOf } from './journal.ts'
import type { Launched } from './launch.ts'
import type { Tracked } from './tracker.ts'

/** Calls of which a second would have a second effect, each signed for one nonce and no other, in this process and in those that come after it. */
export interface OnceBook {
  /**
   * Follows up what an earlier process has left: that of the same intent is given back, to be waited for in place of a new one; others are waited for here,
   * as they have lower nonces.
   */
  resume(
    intent: string,
    follow: (tracked: Tracked, isWanted: boolean) => Launched,
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
  /** What somebody in this process waits for, by the hash of its first version. */
  const awaited = new Set<string>()
  /** Told in this process; its file may be on its way out. */
  const told = new Set<string>()

  /** A development chain that began anew has not come to this nonce; there what was sent on the old one would wait for ever. */
  const isOfOldChain = async ({ nonce }: KeptTransaction, signal: AbortSignal) =>
    chainId === DEVELOPMENT_CHAIN_ID && (await rpc.agree('eth_getTransactionCount', [signer.address, 'latest'], count, { signal })) < nonce

  return {
    async resume(intent, follow, signal) {
      for (const kept of (await journal?.left()) ?? []) {
        const tracked = trackedOf(kept)
        if (awaited.has(idOf(tracked)) || told.has(idOf(tracked))) continue
        if (await isOfOldChain(kept, signal)) {
          await journal?.drop(kept)
          continue
        }
        const facts = { call: kept.name, nonce: kept.nonce, hash: tracked.versions.at(-1)!.hash }
        logger.warn('goes on with a transaction of a command that was cut off', facts)
        const launched = follow(withKeeping(kept.intent, tracked), kept.intent === intent)
        if (kept.intent === intent) {
          awaited.add(idOf(tracked))
          return { tracked, ...launched }
        }
        // Nobody asks for this one, and the same command later means another: what became of it is told here.
        const end = await abortable(launched.confirmed, signal).catch((error: unknown) => {
          signal.throwIfAborted()
          return error
        })
        logger.warn(`the transaction of that command ${wordOf(end)}; it is not sent again`, facts)
        await journal?.drop(kept)
      }
      return undefined
    },
    async keep(intent, tracked, signal) {
      awaited.add(idOf(tracked))
      await journal?.keep(keptOf(intent, withKeeping(intent, tracked)))
      if (!signal.aborted) return
      await this.forget(tracked)
      signal.throwIfAborted()
    },
    async forget(tracked) {
      if (!awaited.has(idOf(tracked))) return
      told.add(idOf(tracked))
      await journal?.drop({ nonce: tracked.nonce, raws: tracked.versions.map(({ raw }) => raw) })
      this.leave(tracked)
    },
    leave(tracked) {
      awaited.delete(idOf(tracked))
    },
  }

  /** A dearer version may be the one that is taken. */
  function withKeeping(intent: string, tracked: Tracked): Tracked {
    if (journal !== undefined) tracked.keep = (versions) => journal.keep(keptOf(intent, { ...tracked, versions: [...versions] }))
    return tracked
  }
}

const idOf = ({ versions }: Tracked): string => versions[0]!.hash

function wordOf(end: unknown): string {
  if (end === 'overtaken') return 'may have lost its nonce to another one'
  if (end instanceof Error) return 'was refused'
  return (end as Receipt).succeeded ? 'has had its effect' : 'had no effect'
}
