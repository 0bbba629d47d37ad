import { createChain } from '../chain/chain.ts'
import { createFileJournal } from '../chain/journal-node.ts'
import { resolveChain } from '../chain/settings-node.ts'
import { systemClock } from '../clock.ts'
import type { Config } from '../config.ts'
import type { Logger } from '../log.ts'
import type { Abortable, Chain } from '../ports.ts'

/** What the chain file adds to the port. */
export interface OpenedChain {
  chain: Chain
  /** The first block that can hold events of the escrow. */
  deployedAt: number
  /** SHA-256 of the verification keys that the chain file names, by the circuit's name; `0x` and 64 hexadecimal digits. */
  verificationKeys: Readonly<Record<string, string>>
}

export interface OpenChainInit extends Abortable {
  config: Config
  logger: Logger
  /** 32 bytes. */
  walletKey: Uint8Array
  /** A directory for transactions whose effect the escrow does not show, so that the same command again goes on with the same one. @default none */
  journal?: string
}

/** The chain that the configuration names, with a wallet on it. Throws NoChainError, ChainFileError, RpcUrlError, WrongChainError, WrongEscrowError. */
export async function openChain({ config, logger, walletKey, journal, signal }: OpenChainInit): Promise<OpenedChain> {
  const { deployedAt, verificationKeys, ...init } = await resolveChain(config.chain, config.timeout)
  const components = { clock: systemClock, logger: logger.child('chain') }
  const chain = await createChain(components, {
    ...init,
    walletKey,
    ...(signal && { signal }),
    ...(journal !== undefined && { journal: (of) => createFileJournal({ directory: journal, ...of }) }),
  })
  return { chain, deployedAt, verificationKeys }
}
