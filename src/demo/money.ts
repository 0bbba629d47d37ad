import type { JobHandle } from '../index.ts'
import type { Abortable, ChainEvent } from '../ports.ts'
import { type ChainStory, type ConvictedFacts, followChain, type SettledFacts } from './chain-story.ts'
import type { PeerFacts } from './facts.ts'
import { type Check, checkMoney, type Prices, type Snapshot } from './ledger.ts'
import type { Member } from './member.ts'
import { readProofTimes } from './proof-times.ts'
import { gasOf } from './receipts.ts'
import type { Treasury } from './treasury.ts'

/** One transaction that paid for MacroJobs. */
export interface SettlementFacts extends SettledFacts {
  gasUsed: number | undefined
  /** Of its proof. */
  proofMs: number | undefined
}

/** Where the money was, and went. Amounts are in the token's smallest unit. */
export interface MoneyFacts {
  chainId: number
  escrow: string
  escrowId: bigint
  budgetWei: bigint
  prices: Prices
  before: Snapshot
  settled: Snapshot
  withdrawn: Snapshot
  settlements: SettlementFacts[]
  convicted: readonly ConvictedFacts[]
  checks: Check[]
}

/** The money's side of one Job. */
export interface Money {
  readonly story: ChainStory
  /** Resolves when the chain has told of so many settled MacroJobs. */
  untilSettled(macroJobs: number, options: Required<Abortable>): Promise<void>
  /** Resolves when the chain has told of a bond that was cut. */
  untilConvicted(options: Required<Abortable>): Promise<void>
  /** Looks at what everybody has, has peers withdraw, and looks again. */
  close(init: CloseInit): Promise<MoneyFacts>
  stop(): Promise<void>
}

interface CloseInit extends Required<Abortable> {
  handle: JobHandle
  peers: readonly PeerFacts[]
  members: readonly Member[]
}

/** To be called when all have staked, before the Job is placed. */
export async function watchMoney(treasury: Treasury, onEvent: (event: ChainEvent, line: string) => void): Promise<Money> {
  const { onlooker, requester, wallets } = treasury
  const before = await treasury.snapshot()
  const nameOf = (wallet: string) => [...wallets].find(([, address]) => address === wallet.toLowerCase())?.[0] ?? 'the requester'
  const story = followChain({ chain: onlooker, nameOf, onEvent })
  return {
    story,
    stop: () => story.stop(),
    untilSettled: (macroJobs, options) =>
      story.until(() => story.settled().reduce((sum, settlement) => sum + settlement.macroJobs, 0) >= macroJobs, options),
    untilConvicted: (options) => story.until(() => story.convicted().length > 0, options),
    async close({ handle, peers, members, signal }) {
      const escrowId = onlooker.escrowIdOf(requester.wallet, handle.jobId)
      const job = await onlooker.job(escrowId, { signal })
      const settled = await treasury.snapshot(escrowId)
      await treasury.withdrawAll()
      const withdrawn = await treasury.snapshot(escrowId)
      const { unitPriceWei = 0n, validationPriceWei = 0n, finisherPriceWei = 0n } = job ?? {}
      const prices = { unitPriceWei, validationPriceWei, finisherPriceWei }
      const { macroJobs, microJobs } = handle.summary().shape
      const budgetWei = BigInt(macroJobs) * (BigInt(microJobs) * unitPriceWei + validationPriceWei + finisherPriceWei)
      const { number } = await onlooker.head({ signal })
      await story.until(() => story.blockNumber() >= number, { signal })
      const proofMsOf = await readProofTimes(members)
      const rpcUrl = treasury.process.chain.rpc[0] as string
      const settlements = story.settled().map(async (settlement) => ({
        ...settlement,
        gasUsed: await gasOf(rpcUrl, settlement.transaction, { signal }),
        proofMs: proofMsOf(settlement),
      }))
      return {
        chainId: onlooker.chainId,
        escrow: onlooker.escrow,
        escrowId,
        budgetWei,
        prices,
        before,
        settled,
        withdrawn,
        settlements: await Promise.all(settlements),
        convicted: story.convicted(),
        checks: [
          { what: 'the escrow paid for what the report says, MicroJob by MicroJob', holds: isAsReported(peers, story) },
          ...checkMoney({ before, settled, withdrawn, prices, budgetWei, work: peers, burnedWei: burnedOf(story) }),
        ],
      }
    },
  }
}

function burnedOf(story: ChainStory): Map<string, bigint> {
  const burned = new Map<string, bigint>()
  for (const { name, burnedWei } of story.convicted()) burned.set(name, (burned.get(name) ?? 0n) + burnedWei)
  return burned
}

function isAsReported(peers: readonly PeerFacts[], story: ChainStory): boolean {
  return peers.every(({ name, processed, validated }) => {
    const paid = story.paid().get(name) ?? { processed: 0, validated: 0 }
    return paid.processed === processed && paid.validated === validated
  })
}

export const brokenChecks = ({ checks }: MoneyFacts): string[] => checks.filter(({ holds }) => !holds).map(({ what }) => what)
