import type { Abortable, ActionOptions, ChainOutcome, EscrowState } from '../../ports.ts'
import type { ReadableContract } from '../contracts.ts'
import { CallArgumentError } from '../errors.ts'
import type { PermitSigner } from '../permit.ts'
import type { Sender } from '../sender/sender.ts'

/** What every action is given. */
export interface ActionComponents {
  sender: Sender
  escrow: ReadableContract
  state: EscrowState
  permits: PermitSigner
}

export interface Action {
  /** The contract's function. */
  name: string
  /** Its arguments; a function where they hold for a moment only, called when the wallet's turn has come. */
  args: readonly unknown[] | ((options: Abortable) => Promise<readonly unknown[]>)
  /**
   * How the effect looks in the escrow. Without it the call is signed for one nonce and no other: a bond grows by a sum, and nothing there tells one that was
   * sent from one that was not.
   */
  isDone?: (options: Abortable) => Promise<boolean>
  /** What is wanted, where a second transaction would have a second effect. */
  intent?: string
}

/** Calls the escrow, and tells what came of it. Throws CallArgumentError, and what the sender throws. */
export async function act(
  { sender, escrow }: ActionComponents,
  { name, args, isDone, intent }: Action,
  options: ActionOptions = {},
): Promise<ChainOutcome> {
  const encode = (values: readonly unknown[]) => {
    try {
      return escrow.abi.encodeFunctionData(name, values)
    } catch (error) {
      throw new CallArgumentError(name, error)
    }
  }
  const data = typeof args === 'function' ? async (at: Abortable) => encode(await args(at)) : encode(args)
  const sent = await sender.send(
    { name, to: escrow.address, data, ...(intent !== undefined && { intent }) },
    { ...options, ...(isDone && { isDone }) },
  )
  if (sent.outcome === 'already-done') return sent
  const { hash, blockNumber, gasUsed, gasPriceWei } = sent.receipt
  return { outcome: 'done', transaction: hash, blockNumber, gasUsed, feeWei: gasUsed * gasPriceWei }
}
