import type { Chain } from '../ports.ts'
import type { Context } from './context.ts'
import { loadChain } from './core.ts'

/** Whose wallet: a peer and the clients beside it have one each, unless a key is named. */
export interface WalletChoice {
  client?: boolean
}

/** Runs `use` with the chain of the configuration and this machine's wallet, and stops it in any case. */
export async function withChain<T>(context: Context, { client = false }: WalletChoice, use: (chain: Chain) => Promise<T>): Promise<T> {
  const logger = await context.logger('warn')
  const open = await loadChain()
  const chain = await open({ config: context.config, logger, signal: context.signal, wallet: client ? 'client' : 'peer' })
  try {
    return await use(chain)
  } finally {
    await chain.stop()
  }
}
