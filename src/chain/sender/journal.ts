import { Transaction } from 'ethers'
import type { Call, SignedTransaction } from './sign.ts'
import type { Tracked } from './tracker.ts'

/** A transaction whose end nobody was told yet, as a later process needs it to go on with it. */
export interface KeptTransaction {
  /** What was wanted: the same again is the same transaction. */
  intent: string
  /** The call's name. */
  name: string
  nonce: number
  /** All versions, as they go to the network. */
  raws: readonly string[]
}

/**
 * One wallet's transactions on one chain whose effect cannot be seen in the escrow's state: a bond that was sent and one that was not look the same to a
 * process that begins after a crash. Kept before they are sent, and dropped when whoever asked has heard what came of it.
 */
export interface Journal {
  /** By nonce, the lowest first. Throws JournalUnreadableError: what cannot be read may be what is about to be sent again. */
  left(): Promise<readonly KeptTransaction[]>
  /** In place of what was kept of this transaction. Nothing is sent before it has resolved. */
  keep(kept: KeptTransaction): Promise<void>
  drop(kept: Pick<KeptTransaction, 'nonce' | 'raws'>): Promise<void>
}

/** What a journal keeps of a transaction. */
export const keptOf = (intent: string, { call, nonce, versions }: Pick<Tracked, 'call' | 'nonce' | 'versions'>): KeptTransaction => ({
  intent,
  name: call.name,
  nonce,
  raws: versions.map(({ raw }) => raw),
})

/** The transaction to be followed up. Throws where it is none. */
export function trackedOf({ name, nonce, raws }: KeptTransaction): Tracked {
  const read = raws.map((raw) => Transaction.from(raw))
  const { to, data, gasLimit } = read[0]!
  const call: Call = { name, to: to!, data }
  const versions = read.map(
    ({ maxFeePerGas, maxPriorityFeePerGas, hash }, index): SignedTransaction => ({
      raw: raws[index]!,
      hash: hash!,
      fee: { maxWei: maxFeePerGas!, tipWei: maxPriorityFeePerGas! },
    }),
  )
  return { call, nonce, gasLimit, versions, wasSent: true }
}
