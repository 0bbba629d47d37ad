/** What one account has, in the token's smallest unit. */
export interface Balance {
  /** `requester`, `escrow`, or a peer's name. */
  name: string
  wallet: string
  tokenWei: bigint
  /** What the escrow owes it. */
  creditWei: bigint
  bondWei: bigint
}

/** Everybody's balances at one moment. */
export interface Snapshot {
  balances: Balance[]
  /** What the Job's escrow still holds for nobody yet. */
  heldWei: bigint
}

export interface Prices {
  unitPriceWei: bigint
  validationPriceWei: bigint
  finisherPriceWei: bigint
}

/** What one peer has done, by the report and by the settlements. */
export interface Work {
  name: string
  processed: number
  validated: number
  /** MacroJobs that it settled. */
  settled: number
}

export interface Check {
  /** What should be, in one sentence. */
  what: string
  holds: boolean
}

export interface LedgerInit {
  /** All staked, no Job placed. */
  before: Snapshot
  /** The Job is settled. */
  settled: Snapshot
  /** What was earned has been withdrawn. */
  withdrawn: Snapshot
  prices: Prices
  budgetWei: bigint
  work: readonly Work[]
  /** Taken of bonds, by peer. */
  burnedWei: ReadonlyMap<string, bigint>
}

/** Whether every unit went where it should. */
export function checkMoney(init: LedgerInit): Check[] {
  const { before, settled, withdrawn, budgetWei, work, burnedWei } = init
  const at = (snapshot: Snapshot, name: string) => snapshot.balances.find((balance) => balance.name === name) as Balance
  const paid = at(before, 'requester').tokenWei - at(settled, 'requester').tokenWei
  const isEach = (holds: (peer: Work) => boolean) => work.every(holds)
  return [
    { what: 'the requester paid the budget and nothing more', holds: paid === budgetWei },
    {
      what: 'each peer is credited its MicroJobs, validations and settled MacroJobs at their prices',
      holds: isEach((peer) => at(settled, peer.name).creditWei - at(before, peer.name).creditWei === earned(peer, init.prices)),
    },
    { what: 'the whole budget is paid out', holds: work.reduce((sum, peer) => sum + earned(peer, init.prices), 0n) === budgetWei },
    { what: 'the escrow holds nothing more of the Job', holds: settled.heldWei === 0n && withdrawn.heldWei === 0n },
    {
      what: 'bonds are what they were, less what was burned of them',
      holds: isEach(({ name }) => at(withdrawn, name).bondWei === at(before, name).bondWei - (burnedWei.get(name) ?? 0n)),
    },
    {
      what: 'what was credited has reached the wallets',
      holds: isEach((peer) => {
        const gained = at(withdrawn, peer.name).tokenWei - at(before, peer.name).tokenWei
        return gained === earned(peer, init.prices) && at(withdrawn, peer.name).creditWei === 0n
      }),
    },
    {
      what: 'no token came or went, but those that were burned',
      holds: [settled, withdrawn].every((snapshot) => totalOf(snapshot) + bondsOf(before) - bondsOf(snapshot) === totalOf(before)),
    },
    {
      what: 'the escrow has exactly what it owes: bonds, credits, what it holds',
      holds: [before, settled, withdrawn].every((snapshot) => at(snapshot, 'escrow').tokenWei === owedBy(snapshot)),
    },
  ]
}

/** What a peer's work pays. */
export function earned({ processed, validated, settled }: Work, { unitPriceWei, validationPriceWei, finisherPriceWei }: Prices): bigint {
  return BigInt(processed) * unitPriceWei + BigInt(validated) * validationPriceWei + BigInt(settled) * finisherPriceWei
}

const totalOf = ({ balances }: Snapshot) => balances.reduce((sum, { tokenWei }) => sum + tokenWei, 0n)

const bondsOf = ({ balances }: Snapshot) => balances.reduce((sum, { bondWei }) => sum + bondWei, 0n)

const owedBy = ({ balances, heldWei }: Snapshot) => balances.reduce((sum, { bondWei, creditWei }) => sum + bondWei + creditWei, heldWei)
