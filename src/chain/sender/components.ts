import type { Logger } from '../../log.ts'
import type { Abortable, Clock } from '../../ports.ts'
import type { Head } from '../rpc/head.ts'
import type { Rpc } from '../rpc/rpc.ts'
import type { FeeLimits } from './fees.ts'
import type { Journal } from './journal.ts'
import type { Call, TransactionSigner } from './sign.ts'

/** What all parts of a sender share. */
export interface SenderComponents {
  rpc: Rpc
  head: Head
  signer: TransactionSigner
  clock: Clock
  logger: Logger
  chainId: number
  /** Where it is missing, a process that is run again after a crash knows nothing of what the one before has sent. */
  journal?: Journal | undefined
  /** Resolves when what is called is known to be what it should be; nothing is signed before. */
  ready: (options: Abortable) => Promise<void>
  /** What a refusal of the node means, as an error of ours. */
  explain: (error: unknown, call: Call) => Error
}

export interface SenderInit {
  fees: FeeLimits
  pollingIntervalMs: number
  /** A transaction that is in no block after so long is offered anew for more. */
  stuckAfterMs: number
  /** Whoever sends hears after so long that the transaction is pending; it is followed up all the same. */
  giveUpMs: number
  /** Blocks on top, its own included, before a transaction counts. */
  confirmations: number
  /** Blocks on top, its own included, until which a transaction that vanishes in a reorganisation is sent again. */
  finalityBlocks: number
}
