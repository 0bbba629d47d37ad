import { namesChain } from '../chain/settings-node.ts'
import type { Config } from '../config.ts'
import { SIZE_CLASS_NAMES } from '../job/settlement/size-classes.ts'
import type { Logger } from '../log.ts'
import type { Abortable } from '../ports.ts'
import { checkKeys } from '../proof/check-keys.ts'
import { readCircuitsFile } from '../proof/circuits-file.ts'
import { createProver } from '../proof/prover.ts'
import type { EscrowComponents } from '../roles/escrow-worker.ts'
import { openChain } from './open-chain.ts'
import type { Undo } from './undo.ts'

export interface OpenEscrowInit extends Abortable {
  config: Config
  logger: Logger
  /** 32 bytes. */
  walletKey: Uint8Array
}

/**
 * What a peer needs for paid Jobs, or undefined where the configuration names no chain. A peer without circuits works and is paid; others settle. Throws
 * what openChain, readCircuitsFile and checkKeys throw.
 */
export async function openEscrow({ config, logger, walletKey, signal }: OpenEscrowInit, undo: Undo): Promise<EscrowComponents | undefined> {
  if (!namesChain(config.chain)) return undefined
  const { chain } = await openChain({ config, logger, walletKey, ...(signal && { signal }) })
  undo.add(() => chain.stop())
  const { circuits: file } = config.chain
  const circuits = file === undefined ? {} : await readCircuitsFile(file)
  const prover = createProver({ logger }, { circuits })
  if (file === undefined) logger.warn('no circuits: paid Jobs are left to other peers to settle', { setting: 'chain.circuits' })
  else {
    const sizeClasses = await chain.sizeClasses({ ...(signal && { signal }) })
    checkKeys(circuits, SIZE_CLASS_NAMES, { chainId: chain.chainId, sizeClasses })
  }
  return { chain, prover, settles: file !== undefined }
}
