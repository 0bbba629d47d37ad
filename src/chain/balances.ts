import type { Abortable, WalletAddress, WalletBalances } from '../ports.ts'
import type { ReadableContract } from './contracts.ts'
import { stakeIn } from './escrow-state.ts'
import { quantity } from './rpc/fields.ts'
import type { Rpc } from './rpc/rpc.ts'

/** What `wallet` has: on the chain, in tokens, and in the escrow. */
export async function readBalances(
  { rpc, token, escrow }: { rpc: Rpc; token: ReadableContract; escrow: ReadableContract },
  wallet: WalletAddress,
  options: Abortable = {},
): Promise<WalletBalances> {
  const [gasWei, [tokenWei], [creditWei], [stake]] = await Promise.all([
    rpc.agree('eth_getBalance', [wallet, 'latest'], quantity, options),
    token.read('balanceOf', [wallet], options),
    escrow.read('creditOf', [wallet], options),
    escrow.read('stakeOf', [wallet], options),
  ])
  return { wallet, gasWei, tokenWei, creditWei, ...stakeIn(stake) }
}
