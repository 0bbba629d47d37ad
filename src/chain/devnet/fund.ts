import { TOKEN } from '../escrow-abi.ts'
import { hex, quantity } from '../rpc/fields.ts'
import type { NodeCall } from './node-call.ts'

const DECIMALS = 10n ** 18n
/** Enough for thousands of Jobs; a wallet that has half of it is left alone. */
const TOKENS_WEI = 1_000_000n * DECIMALS
const MONEY_WEI = 1_000n * DECIMALS

export interface Purse {
  call: NodeCall
  token: string
  /** The wallet that holds the tokens, one of the chain's own accounts. */
  holder: string
}

/** Gives each wallet money for gas, and tokens, up to a round sum. */
export async function fund({ call, token, holder }: Purse, wallets: readonly string[]): Promise<void> {
  for (const wallet of wallets) {
    const money = quantity(await call('eth_getBalance', [wallet, 'latest']))
    if (money < MONEY_WEI / 2n) await call('anvil_setBalance', [wallet, `0x${MONEY_WEI.toString(16)}`])
    const data = TOKEN.encodeFunctionData('balanceOf', [wallet])
    const tokens = BigInt(hex(await call('eth_call', [{ to: token, data }, 'latest'])))
    if (tokens >= TOKENS_WEI / 2n) continue
    const transfer = TOKEN.encodeFunctionData('transfer', [wallet, TOKENS_WEI])
    await call('eth_sendTransaction', [{ from: holder, to: token, data: transfer }])
  }
}
