import type { StakeState } from '../job/escrow-facts.ts'
import type { JobInfo } from '../job/info.ts'
import type { Paid } from '../job/payment.ts'
import type { Abortable, Chain, Clock, WalletStake } from '../ports.ts'

/** Wallets that are asked about at once: a Job that many join must not flood an RPC endpoint. */
const AT_ONCE = 8
/** The events name each wallet whose stake moves; this is for one that was missed, when the peer began to listen, say. */
export const RECHECK_MS = 10 * 60_000

interface Known {
  state: StakeState
  readMs: number
}

/** What a Job asks of a wallet. */
export interface StakeTerms {
  minBondWei: bigint
  /** Unix time in seconds. */
  deadline: number
}

export function stakeTermsOf({ payment, deadline }: Paid<JobInfo>): StakeTerms {
  return { minBondWei: BigInt(payment.minBondWei), deadline }
}

/** What the chain says of the wallets of one Job's peers: each is asked about once, and again when an event names it. */
export interface StakeBook {
  /** By wallet in small digits. Throws what Chain throws. */
  read(wallets: readonly string[], options: Abortable): Promise<Map<string, StakeState>>
  /** The next `read` asks again: for this wallet, or for all. */
  doubt(wallet?: string): void
  /** True where the next `read` asks for a wallet that it has asked for before. */
  isAged(): boolean
}

export function createStakeBook({ chain, clock }: { chain: Pick<Chain, 'stake'>; clock: Clock }, terms: StakeTerms): StakeBook {
  const known = new Map<string, Known>()
  let doubts = 0
  const isStale = (entry: Known | undefined) => clock.nowMs() - (entry?.readMs ?? Number.NEGATIVE_INFINITY) >= RECHECK_MS
  const ask = async (wallet: string, options: Abortable) => {
    const asked = doubts
    const state = stakeStateOf(await chain.stake(wallet as `0x${string}`, options), terms)
    // What moved meanwhile is asked again the next time, which comes at once.
    known.set(wallet, { state, readMs: asked === doubts ? clock.nowMs() : Number.NEGATIVE_INFINITY })
  }
  return {
    doubt(wallet) {
      doubts++
      for (const [name, entry] of known) if (wallet === undefined || name === wallet.toLowerCase()) entry.readMs = Number.NEGATIVE_INFINITY
    },
    isAged: () => [...known.values()].some(isStale),
    async read(wallets, options) {
      const names = [...new Set(wallets.map((wallet) => wallet.toLowerCase()))]
      const stale = names.filter((name) => isStale(known.get(name)))
      for (let at = 0; at < stale.length; at += AT_ONCE) await Promise.all(stale.slice(at, at + AT_ONCE).map((name) => ask(name, options)))
      return new Map(names.map((name) => [name, known.get(name)?.state as StakeState]))
    },
  }
}

/**
 * What a stake is worth to a Job. What is free to go before the Job's deadline is not at stake: then only a conviction can take a
 * wallet's stake while the Job lasts, and no wallet takes it off and puts it on as it likes.
 */
export function stakeStateOf(stake: WalletStake, { minBondWei, deadline }: StakeTerms): StakeState {
  if (stake.bondWei >= minBondWei) return 'bonded'
  const locked = stake.releaseAt > deadline ? stake.leavingWei : 0n
  return stake.bondWei + locked >= minBondWei ? 'leaving' : 'gone'
}
