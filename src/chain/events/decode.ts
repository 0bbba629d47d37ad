import { getAddress, type Interface, type Result } from 'ethers'
import type { EscrowEvent } from '../../ports.ts'
import { jobIdOfInfoHash, sharedTerms } from '../escrow-state.ts'
import type { ChainLog } from '../rpc/fields.ts'

type Decode = (args: Result) => EscrowEvent

const at = ({ jobId, chunk, attempt }: Result) => ({ escrowId: jobId as bigint, chunk: Number(chunk), attempt: Number(attempt) })

const staked: Decode = ({ wallet }) => ({ type: 'wallet:staked', wallet: getAddress(wallet) })

/** By the contract's name. What is not here is of no interest to a peer. */
const DECODERS: Readonly<Record<string, Decode>> = {
  JobOpened: ({ jobId, requester, terms, budget }) => ({
    type: 'job:opened',
    escrowId: jobId,
    requester: getAddress(requester),
    terms: { ...sharedTerms(terms), jobId: jobIdOfInfoHash(terms.infoHash) },
    budgetWei: budget,
  }),
  JobEngaged: ({ jobId, wallet }) => ({ type: 'job:engaged', escrowId: jobId, wallet }),
  JobCancelled: ({ jobId, refunded }) => ({ type: 'job:cancelled', escrowId: jobId, refundedWei: refunded }),
  JobRefunded: ({ jobId, refunded }) => ({ type: 'job:refunded', escrowId: jobId, refundedWei: refunded }),
  RootCommitted: (args) => ({ type: 'root:committed', ...at(args), root: args.root, proposal: args.proposal, committer: args.committer }),
  BeaconPinned: (args) => ({ type: 'beacon:pinned', ...at(args), beacon: args.beacon, ofBlock: Number(args.blockNumber) }),
  MacroJobsSettled: (args) => ({
    type: 'macrojobs:settled',
    ...at(args),
    finisher: args.finisher,
    counted: args.counted,
    settled: args.settled,
    verdicts: [...(args.verdicts as Result)],
    payees: [...(args.payees as Result)].map(({ wallet, count }) => ({ wallet, count })),
  }),
  JobSettled: ({ jobId }) => ({ type: 'job:settled', escrowId: jobId }),
  Bonded: staked,
  UnbondRequested: staked,
  Unbonded: staked,
  Convicted: ({ culprit, jobId, subject, burned }) => ({
    type: 'wallet:convicted',
    wallet: culprit,
    escrowId: jobId,
    subject,
    burnedWei: burned,
  }),
}

/** The event in a log; undefined where it is none that we know, or no event of this contract at all. */
export function decodeEvent(abi: Interface, { topics, data }: ChainLog): EscrowEvent | undefined {
  try {
    const parsed = abi.parseLog({ topics: [...topics], data })
    return parsed === null ? undefined : DECODERS[parsed.name]?.(parsed.args)
  } catch {
    return undefined
  }
}
