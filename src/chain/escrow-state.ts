import { getAddress, type Result } from 'ethers'
import { escrowIdIn } from '../job/payment.ts'
import type { EscrowJob, EscrowJobState, EscrowRules, EscrowSizeClass, EscrowState, EscrowTerms, WalletStake } from '../ports.ts'
import type { ReadableContract } from './contracts.ts'
import { refuseDevelopmentKeys } from './escrow-keys.ts'
import type { Head } from './rpc/head.ts'
import { rulesOf } from './rules.ts'

/** In the contract's order; the first is a Job that is not there. */
const STATES: readonly (EscrowJobState | undefined)[] = [undefined, 'open', 'working', 'settled', 'cancelled', 'refunded']
const NO_ROOT = 0n

/** What `infoHashOf` made a word of. */
export const jobIdOfInfoHash = (infoHash: string): string => infoHash.slice(-62)

/** Reads the escrow. */
export function createEscrowState(escrow: ReadableContract, head: Head, chainId: number): EscrowState {
  let known: EscrowRules | undefined
  const sizeClassesOf: EscrowState['sizeClasses'] = async (options) => {
    const [classes] = await escrow.read('sizeClasses', [], options)
    return (classes as Result[]).map(sizeClassOf)
  }
  return {
    async rules(options) {
      if (known !== undefined) return known
      const [rules, sizeClasses] = await Promise.all([escrow.read('rules', [], options), sizeClassesOf(options)])
      refuseDevelopmentKeys({ address: escrow.address, chainId }, sizeClasses)
      known = rulesOf(escrow.address, rules)
      return known
    },
    escrowIdOf: (requester, jobId) => escrowIdIn({ chainId, escrow: escrow.address }, requester, jobId),
    async job(escrowId, options) {
      const [job] = await escrow.read('job', [escrowId], options)
      return jobOf(escrowId, job)
    },
    async attempt({ escrowId, chunk, attempt }, options) {
      const [{ root, proposal, beacon, commitBlock }] = await escrow.read('chunkState', [escrowId, chunk, attempt], options)
      if (root === NO_ROOT) return undefined
      return { root, proposal, commitBlock: Number(commitBlock), beacon: beacon === 0n ? undefined : beacon }
    },
    async nextAttempt(escrowId, chunk, options) {
      return Number((await escrow.read('nextAttempt', [escrowId, chunk], options))[0])
    },
    async settled(escrowId, chunk, options) {
      return (await escrow.read('settledMacroJobs', [escrowId, chunk], options))[0]
    },
    sizeClasses: sizeClassesOf,
    async stake(wallet, options) {
      return stakeIn((await escrow.read('stakeOf', [wallet], options))[0])
    },
    async head(options) {
      const { number, timestamp } = await head.latest(options)
      return { number, timestamp }
    },
  }
}

function sizeClassOf({ verifier, macroJobs, microJobs, payees, verificationKeyHash }: Result): EscrowSizeClass {
  return { verifier, macroJobs: Number(macroJobs), microJobs: Number(microJobs), payees: Number(payees), verificationKeyHash }
}

/** The contract's `Stake`. */
export function stakeIn({ active, leaving, releaseAt }: Result): WalletStake {
  return { bondWei: active, leavingWei: leaving, releaseAt: Number(releaseAt) }
}

function jobOf(escrowId: bigint, job: Result): EscrowJob | undefined {
  const state = STATES[Number(job.state)]
  if (state === undefined) return undefined
  return { ...sharedTerms(job), escrowId, requester: getAddress(job.requester), state, heldWei: job.held }
}

/** What a Job keeps of its terms, and the terms of an event. */
export function sharedTerms(terms: Result): Omit<EscrowTerms, 'jobId'> {
  return {
    seedCommitment: terms.seedCommitment,
    deadline: Number(terms.deadline),
    sizeClass: Number(terms.sizeClass),
    quorum: Number(terms.quorum),
    macroJobs: Number(terms.macroJobs),
    chunkMacroJobs: Number(terms.chunkMacroJobs),
    microJobs: Number(terms.microJobs),
    blocks: Number(terms.blocks),
    unitPriceWei: terms.unitPrice,
    validationPriceWei: terms.validationPrice,
    finisherPriceWei: terms.finisherPrice,
    minBondWei: terms.minBond,
  }
}
