import { ChainUnavailableError } from '../chain/errors.ts'
import type { Config } from '../config.ts'
import { sizeClassOf } from '../job/payment.ts'
import { SIZE_CLASS_NAMES } from '../job/settlement/size-classes.ts'
import type { Logger } from '../log.ts'
import type { Abortable, Prover } from '../ports.ts'
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
  /** False for a bootstrap node, which only looks. @default true */
  works?: boolean
}

/**
 * What a peer needs for paid Jobs, on the chain that the configuration names. A peer without circuits works and is paid; others settle. Throws what
 * openChain, readCircuitsFile and checkKeys throw.
 */
export async function openEscrow(
  { config, logger, walletKey, works = true, signal }: OpenEscrowInit,
  undo: Undo,
): Promise<EscrowComponents> {
  const options = signal === undefined ? {} : { signal }
  const { chain } = await openChain({ config, logger, walletKey, ...options })
  undo.add(() => chain.stop())
  const unless = (what: string) => (error: unknown) => {
    // A chain that does not answer now is no reason not to start.
    if (!(error instanceof ChainUnavailableError)) throw error
    logger.warn(`the chain does not answer; its ${what} are checked later`, { error })
  }
  await chain.rules(options).catch(unless('rules'))
  const { circuits: file } = config.chain
  if (file === undefined || !works) {
    if (works) logger.warn('no circuits: paid Jobs are left to other peers to settle', { setting: 'chain.circuits' })
    return { chain, prover: createProver({ logger }, { circuits: {} }), settles: () => false }
  }
  const circuits = await readCircuitsFile(file)
  const lacking = SIZE_CLASS_NAMES.filter((name) => circuits[name] === undefined)
  if (lacking.length > 0)
    logger.warn('settles Jobs of some sizes only: for those of the others it lacks the circuits', { lacking, setting: 'chain.circuits' })
  const check = async (options: Abortable) =>
    checkKeys(circuits, SIZE_CLASS_NAMES, { chainId: chain.chainId, sizeClasses: await chain.sizeClasses(options) })
  const prover = checkedProver(createProver({ logger }, { circuits }), check)
  await prover.check(options).catch(unless('keys'))
  return { chain, prover, settles: (info) => Object.hasOwn(circuits, sizeClassOf(info).name) }
}

/** The prover, once the escrow's keys are known to be its own. */
function checkedProver(prover: Prover, check: (options: Abortable) => Promise<void>) {
  let checked = false
  const once = async (options: Abortable) => {
    if (!checked) await check(options)
    checked = true
  }
  return {
    check: once,
    async prove(...[circuit, input, options = {}]: Parameters<Prover['prove']>) {
      await once(options)
      return prover.prove(circuit, input, options)
    },
  }
}
