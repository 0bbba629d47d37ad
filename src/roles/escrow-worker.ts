import { bytesToBigInt, bytesToHex } from '../job/bytes.ts'
import type { ConvictionDuty } from '../job/conviction.ts'
import type { EscrowDuty } from '../job/escrow-duties.ts'
import type { Endorser } from '../job/escrow-proposal.ts'
import type { JobInfo } from '../job/info.ts'
import { WITNESSES } from '../job/offer.ts'
import { escrowIdOf, isPaid, type Paid } from '../job/payment.ts'
import { leafCommitHash, signStatement } from '../job/settlement/statements.ts'
import type { Logger } from '../log.ts'
import type { Abortable, AttemptRef, Chain, Prover, WalletAddress, WalletSignature } from '../ports.ts'
import { stakeStateOf, stakeTermsOf } from './escrow-stakes.ts'
import type { LoadedJob } from './loaded-job.ts'
import { shortForm } from './short-form.ts'

/** What a peer needs to take part in paid Jobs. */
export interface EscrowComponents {
  chain: Chain
  prover: Pick<Prover, 'prove'>
  /** False where this peer has no circuit for such a Job: it leaves settling to others. */
  settles(info: Paid<JobInfo>): boolean
}

export interface EscrowWorkComponents {
  escrow: EscrowComponents
  /** The wallet's 32-byte secret. */
  walletKey: Uint8Array
  logger: Logger
}

/** What a duty towards the escrow needs of its Job: no program, and no device. */
export type EscrowJob = Pick<LoadedJob, 'info' | 'jobId' | 'session'>

/**
 * What a paid Job asks of its peers beside the work (seeds/001 "Job Finalization"): signatures into the log, transactions to the escrow. Each may be
 * done twice, and by two peers at once: the chain takes the first. Settling is settler.ts's. Throws what Chain throws.
 */
export async function doEscrowDuty(
  components: EscrowWorkComponents,
  job: EscrowJob,
  duty: Exclude<EscrowDuty, { kind: 'settle' | 'refuse' }> | ConvictionDuty,
  options: Required<Abortable>,
): Promise<void> {
  const { info, jobId, session } = job
  if (!isPaid(info)) throw new TypeError('an unpaid Job has no escrow')
  const { chain } = components.escrow
  const escrowId = escrowIdOf(info, jobId)
  const sign = (structHash: Uint8Array) => signStatement(components.walletKey, info.payment, structHash)
  switch (duty.kind) {
    case 'endorse': {
      const { chunk, attempt, proposal, structHash } = duty
      return session.append({ kind: 'endorsement', chunk, attempt, proposal, signature: sign(structHash) })
    }
    case 'sign-verdict': {
      const { macro, attempt, verdict, structHash } = duty.expected
      return session.append({ kind: 'verdict', macro, attempt, verdict, signature: sign(structHash) })
    }
    case 'engage':
      await chain.engage(escrowId, options)
      return
    case 'commit-root': {
      const { chunk, attempt, root, proposal, endorsers } = duty
      const isBonded = async (wallet: WalletAddress) => (await chain.balances(wallet, options)).bondWei >= BigInt(info.payment.minBondWei)
      const signatures = await signaturesOf(endorsers, info.payment.quorum, isBonded)
      await chain.commitRoot(
        { escrowId, chunk, attempt, root: bytesToBigInt(root), proposal: `0x${bytesToHex(proposal)}`, signatures },
        options,
      )
      return
    }
    case 'pin-beacon':
      return pinBeacon(chain, { escrowId, chunk: duty.chunk, attempt: duty.attempt }, options)
    case 'testify': {
      const { macro, micro, attempt, culprit } = duty.offence
      return session.append({ kind: 'testimony', macro, micro, attempt, culprit, hash: duty.hash, signature: sign(duty.structHash) })
    }
    case 'convict':
      return convict(components, job, info, duty, options)
    case 'refund':
      await chain.refund(escrowId, options)
  }
}

/** The beacon is a block's that comes after the root's: that one, and one more, are waited for. */
async function pinBeacon(chain: Chain, at: AttemptRef, options: Abortable): Promise<void> {
  const [attempt, rules] = await Promise.all([chain.attempt(at, options), chain.rules(options)])
  // An endpoint that is a block behind: the duty comes up again.
  if (attempt === undefined) return
  await untilAfter(chain, attempt.commitBlock + rules.beaconDelayBlocks, options)
  await chain.pinBeacon(at, options)
}

/** Resolves when the chain has gone past this block, or ends. */
async function untilAfter(chain: Chain, block: number, options: Abortable): Promise<void> {
  const { number } = await chain.head(options)
  if (number > block) return
  for await (const event of chain.events(number + 1, options)) {
    if (event.type === 'chain:advanced' && event.blockNumber > block) return
  }
  options.signal?.throwIfAborted()
}

/**
 * Has the escrow take a part of a culprit's bond. Done, too, where the culprit has nothing left to lose: without a bond it takes part in nothing that is
 * paid, and a Job may hold more offences than its bond covers. A peer that starts again asks again.
 */
async function convict(
  { escrow: { chain }, logger }: EscrowWorkComponents,
  { jobId }: EscrowJob,
  info: Paid<JobInfo>,
  { offence, hash, testimonies }: Extract<ConvictionDuty, { kind: 'convict' }>,
  options: Required<Abortable>,
): Promise<void> {
  const escrowId = escrowIdOf(info, jobId)
  const { macro: macroJob, micro: microJob, attempt, leaf } = offence.commit
  // A bond that was asked back and is still locked counts here, as it does when it is lost.
  const isAtStake = async (wallet: WalletAddress) => stakeStateOf(await chain.stake(wallet, options), stakeTermsOf(info)) !== 'gone'
  const witnesses = await signaturesOf(testimonies, WITNESSES, isAtStake)
  const sent = chain.convict(
    {
      offence: 'wrong-statement',
      statement: { kind: 'leaf-commit', escrowId, macroJob, microJob, attempt, leaf },
      signature: shortForm(offence.signature),
      recheck: {
        kind: 'recheck',
        escrowId,
        statement: `0x${bytesToHex(leafCommitHash(offence.commit))}`,
        microJob,
        blockIndex: offence.block,
        blockHash: `0x${bytesToHex(hash)}`,
      },
      witnesses,
    },
    options,
  )
  const { outcome } = await sent.catch((error: unknown) => {
    if (isNothingAtStake(error)) return { outcome: 'nothing-at-stake' }
    throw error
  })
  logger.info('convicted', { jobId, culprit: offence.culprit, macro: offence.macro, micro: offence.micro, outcome })
}

/** As ports.ts names it. */
function isNothingAtStake(error: unknown): boolean {
  return error instanceof Error && error.name === 'NothingAtStakeError'
}

/** As many as the escrow asks for, of wallets that have enough at stake: one that has not would have the whole call refused. */
async function signaturesOf(
  signers: readonly Pick<Endorser, 'wallet' | 'signature'>[],
  wanted: number,
  counts: (wallet: WalletAddress) => Promise<boolean>,
): Promise<WalletSignature[]> {
  const signatures: WalletSignature[] = []
  for (const { wallet, signature } of signers) {
    if (signatures.length === wanted) break
    if (await counts(wallet as WalletAddress)) signatures.push(shortForm(signature))
  }
  return signatures
}
