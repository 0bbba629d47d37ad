import { systemClock } from '../clock.ts'
import { type Logger, silentLogger } from '../log.ts'
import type { Chain } from '../ports.ts'
import { type ChainInit, createChain } from './chain.ts'
import type { ChainFile } from './chain-file.ts'
import { type ChainDefaults, defaultsOf } from './defaults.ts'

export interface ConnectChainInit extends Partial<ChainDefaults>, Pick<ChainInit, 'walletKey' | 'signal'> {
  /** What a chain file holds, or at least where the chain and its contracts are. */
  chain: Pick<ChainFile, 'chainId' | 'rpc' | 'escrow' | 'token'>
  /** @default nothing is logged */
  logger?: Logger
}

/**
 * The chain for a DApp, with the wallet that its Jobs are placed from; runs in a browser too, where the endpoints allow it. Throws
 * WrongChainError, WrongEscrowError, RpcUrlError.
 *
 * @example
 * const chain = await connectChain({ chain: JSON.parse(await readFile('devnet.json', 'utf8')), walletKey })
 */
export function connectChain({ chain, logger = silentLogger, ...init }: ConnectChainInit): Promise<Chain> {
  const { chainId, rpc, escrow, token } = chain
  return createChain({ clock: systemClock, logger }, { ...defaultsOf(chainId), ...init, rpcUrls: rpc, chainId, escrow, token })
}
