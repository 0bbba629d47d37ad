import type { Abortable } from './common.ts'
import type { Proof } from './proof.ts'

/** An EIP-55 checksummed address. */
export type WalletAddress = string
/**
 * A Job's id in the escrow: an element of BN254's scalar field, different for each chain, escrow and requester. It is not the protocol's id of
 * the Job, 62 hexadecimal digits, from which it follows.
 */
export type EscrowId = bigint

/** What a requester asks for. Prices and bonds are in the token's smallest unit, `Wei`. */
export interface EscrowTerms {
  /** The protocol's id of the Job. */
  jobId: string
  /** Poseidon(seed, escrow id). */
  seedCommitment: bigint
  /** Unix time in seconds until which it can be settled. */
  deadline: number
  /** Index into `sizeClasses()`. */
  sizeClass: number
  /** Wallets that must endorse a root. */
  quorum: number
  macroJobs: number
  /** MacroJobs that settle together. */
  chunkMacroJobs: number
  /** Of a MacroJob, validation not counted. */
  microJobs: number
  /** Of a MicroJob. */
  blocks: number
  /** For one processed MicroJob. */
  unitPriceWei: bigint
  /** For validating one MacroJob. */
  validationPriceWei: bigint
  /** For settling one MacroJob. */
  finisherPriceWei: bigint
  /** What everyone who takes part must have bonded. */
  minBondWei: bigint
}

export type EscrowJobState = 'open' | 'working' | 'settled' | 'cancelled' | 'refunded'

/** A Job as the escrow has it. */
export interface EscrowJob extends Omit<EscrowTerms, 'jobId'> {
  escrowId: EscrowId
  requester: WalletAddress
  state: EscrowJobState
  /** What it has not paid yet. */
  heldWei: bigint
}

/** Where something stands in the escrow: attempts at a chunk count up from 0. */
export interface AttemptRef {
  escrowId: EscrowId
  chunk: number
  attempt: number
}

export interface EscrowAttempt {
  root: bigint
  /** Digest of what the root stands for off chain; `0x` and 64 hexadecimal digits. */
  proposal: string
  /** The number of the block that holds the commit. */
  commitBlock: number
  /** Undefined until it is pinned. */
  beacon: bigint | undefined
}

/** A circuit's size, and what verifies its proofs. */
export interface EscrowSizeClass {
  verifier: WalletAddress
  macroJobs: number
  microJobs: number
  /** The most wallets that one proof pays as processors and validators. */
  payees: number
  /** SHA-256 of the verification key, to be compared with the pinned one; `0x` and 64 hexadecimal digits. */
  verificationKeyHash: string
}

/** The rules that an escrow is deployed with and that nobody can change; contracts/SwarmJobs.sol has their meaning. */
export interface EscrowRules {
  /** From a Job's opening to its deadline, at most. */
  maxDurationSeconds: number
  /** From a root to its beacon. */
  beaconDelayBlocks: number
  /** Roots that a chunk can have. */
  maxAttempts: number
  /** What a conviction takes of the bond that the Job asks for, in 1/10,000. */
  slashBps: number
  /** Wallets whose word convicts of a wrong result. */
  witnesses: number
  /** The least bond that a Job may ask for. */
  minBondWei: bigint
}

/** An EIP-712 signature in EIP-2098's short form; each `0x` and 64 hexadecimal digits. */
export interface WalletSignature {
  r: string
  vs: string
}

/** What wallets say under their signature; docs/SETTLEMENT.md tells what each is for. Hashes are `0x` and 64 hexadecimal digits. */
export type Statement =
  | { kind: 'leaf-commit'; escrowId: EscrowId; macroJob: number; microJob: number; attempt: number; leaf: bigint }
  | { kind: 'root-endorsement'; escrowId: EscrowId; chunk: number; attempt: number; root: bigint; proposal: string }
  | {
      kind: 'verdict'
      escrowId: EscrowId
      chunk: number
      attempt: number
      macroJob: number
      root: bigint
      beacon: bigint
      verdict: bigint
    }
  /** `statement` is the hash of what is disputed: a leaf-commit, a verdict or another recheck. */
  | { kind: 'recheck'; escrowId: EscrowId; statement: string; microJob: number; blockIndex: number; blockHash: string }

export type StatementOf<K extends Statement['kind']> = Extract<Statement, { kind: K }>

/** What convicts a wallet: two answers to one question, or a wrong one against which enough witnesses have signed `recheck`. */
export type Conviction =
  | {
      offence: 'two-leaves'
      commit: StatementOf<'leaf-commit'>
      otherLeaf: bigint
      signatures: readonly [WalletSignature, WalletSignature]
    }
  | {
      offence: 'two-verdicts'
      verdict: StatementOf<'verdict'>
      otherVerdict: bigint
      signatures: readonly [WalletSignature, WalletSignature]
    }
  | {
      offence: 'two-rechecks'
      recheck: StatementOf<'recheck'>
      otherBlockHash: string
      signatures: readonly [WalletSignature, WalletSignature]
    }
  | {
      offence: 'wrong-statement'
      statement: StatementOf<'leaf-commit' | 'verdict' | 'recheck'>
      signature: WalletSignature
      recheck: StatementOf<'recheck'>
      /** In ascending order of their addresses. */
      witnesses: readonly WalletSignature[]
    }

export interface RootCommit extends AttemptRef {
  root: bigint
  proposal: string
  /** Of RootEndorsement, in ascending order of their signers' addresses. */
  signatures: readonly WalletSignature[]
}

/** What a finisher brings to be paid out. */
export interface Settlement extends AttemptRef {
  /** One bit a MacroJob of the chunk, the first in the lowest. */
  counted: bigint
  /** One for each set bit, from the lowest. */
  validations: readonly { verdict: bigint; signature: WalletSignature }[]
  /** `count` is processed MicroJobs + 2^32 × validated MacroJobs. */
  payees: readonly { wallet: WalletAddress; count: bigint }[]
  /** The circuit's C. */
  commitment: bigint
  proof: Proof
}

/** What an action came to; `already-done` where the chain held its effect before, whoever brought it about. */
export type ChainOutcome =
  | { outcome: 'done'; transaction: string; blockNumber: number; gasUsed: bigint; feeWei: bigint }
  | { outcome: 'already-done' }

export interface ActionOptions extends Abortable {
  /** Hears each hash under which the transaction goes out. */
  onSent?: (transaction: string) => void
}

/** What the chain holds, as all RPC endpoints that answer say. Every method throws ChainUnavailableError, ChainSourcesDisagreeError. */
export interface EscrowState {
  /** The id under which `requester`'s Job stands in this escrow. */
  escrowIdOf(requester: WalletAddress, jobId: string): EscrowId
  /** Undefined where there is none. */
  job(escrowId: EscrowId, options?: Abortable): Promise<EscrowJob | undefined>
  /** Undefined where there is no root yet. */
  attempt(at: AttemptRef, options?: Abortable): Promise<EscrowAttempt | undefined>
  /** The number that the next attempt may have at least: one more than the last that has a root. */
  nextAttempt(escrowId: EscrowId, chunk: number, options?: Abortable): Promise<number>
  /** One bit a MacroJob of the chunk, the first in the lowest. */
  settled(escrowId: EscrowId, chunk: number, options?: Abortable): Promise<bigint>
  sizeClasses(options?: Abortable): Promise<readonly EscrowSizeClass[]>
  /**
   * Read once. Throws UnservedRulesError too, where this software does not know how to serve them, and InsecureEscrowError where anybody can forge proofs
   * that the escrow takes and the chain is not for development.
   */
  rules(options?: Abortable): Promise<EscrowRules>
  /** Nothing at all for a wallet that was never bonded. */
  stake(wallet: WalletAddress, options?: Abortable): Promise<WalletStake>
  /** The newest block: its number and its time in Unix seconds, which is the time of the contract. */
  head(options?: Abortable): Promise<{ number: number; timestamp: number }>
}

/**
 * What can be done to a Job. Each resolves when its effect is confirmed, and a second call changes nothing. Every method throws CallRevertedError
 * with the contract's reason, InsufficientGasMoneyError, InsufficientTokensError, FeeAboveCapError, TransactionPendingError, ChainUnavailableError.
 */
export interface EscrowActions {
  /** Pays the whole price into escrow: permit and opening in one transaction. */
  open(terms: EscrowTerms, options?: ActionOptions): Promise<ChainOutcome>
  /** Before anyone has engaged. */
  cancel(escrowId: EscrowId, options?: ActionOptions): Promise<ChainOutcome>
  /** Says that work has begun: from here on it cannot be cancelled. */
  engage(escrowId: EscrowId, options?: ActionOptions): Promise<ChainOutcome>
  commitRoot(commit: RootCommit, options?: ActionOptions): Promise<ChainOutcome>
  pinBeacon(at: AttemptRef, options?: ActionOptions): Promise<ChainOutcome>
  settle(settlement: Settlement, options?: ActionOptions): Promise<ChainOutcome>
  /** After the deadline; by anyone. */
  refund(escrowId: EscrowId, options?: ActionOptions): Promise<ChainOutcome>
  /**
   * Burns a share of the culprit's bond; each offence costs that share once, and where less is at stake, what there is. Throws NothingAtStakeError where
   * nothing is: the same conviction counts once there is something again.
   */
  convict(conviction: Conviction, options?: ActionOptions): Promise<ChainOutcome>
}

/** What a wallet can lose. */
export interface WalletStake {
  /** What counts as its bond. */
  bondWei: bigint
  /** What it has asked back of its bond, and the Unix time in seconds from which it can be had; 0 where nothing leaves. */
  leavingWei: bigint
  releaseAt: number
}

export interface WalletBalances extends WalletStake {
  wallet: WalletAddress
  /** The chain's own money. */
  gasWei: bigint
  tokenWei: bigint
  /** What it may withdraw. */
  creditWei: bigint
}

/** This peer's wallet. Its calls throw as those of EscrowActions. */
export interface WalletMoney {
  readonly wallet: WalletAddress
  /** Of this wallet, or another. */
  balances(wallet?: WalletAddress, options?: Abortable): Promise<WalletBalances>
  bond(amountWei: bigint, options?: ActionOptions): Promise<ChainOutcome>
  /** Asks a part of the bond back. */
  requestUnbond(amountWei: bigint, options?: ActionOptions): Promise<ChainOutcome>
  /** Turns what has left the bond into credit. */
  unbond(options?: ActionOptions): Promise<ChainOutcome>
  /** All credit, to the wallet. */
  withdraw(options?: ActionOptions): Promise<ChainOutcome>
}

export type EscrowEvent =
  | { type: 'job:opened'; escrowId: EscrowId; requester: WalletAddress; terms: EscrowTerms; budgetWei: bigint }
  | { type: 'job:engaged'; escrowId: EscrowId; wallet: WalletAddress }
  | { type: 'job:cancelled' | 'job:refunded'; escrowId: EscrowId; refundedWei: bigint }
  | { type: 'root:committed'; escrowId: EscrowId; chunk: number; attempt: number; root: bigint; proposal: string; committer: WalletAddress }
  | { type: 'beacon:pinned'; escrowId: EscrowId; chunk: number; attempt: number; beacon: bigint; ofBlock: number }
  | {
      type: 'macrojobs:settled'
      escrowId: EscrowId
      chunk: number
      attempt: number
      finisher: WalletAddress
      counted: bigint
      /** All of the chunk that are settled now. */
      settled: bigint
      verdicts: readonly bigint[]
      payees: Settlement['payees']
    }
  | { type: 'job:settled'; escrowId: EscrowId }
  /** It has bonded, asked its bond back, or taken it out. */
  | { type: 'wallet:staked'; wallet: WalletAddress }
  | { type: 'wallet:convicted'; wallet: WalletAddress; escrowId: EscrowId; subject: string; burnedWei: bigint }

export type ChainEvent =
  | (EscrowEvent & { blockNumber: number; transaction: string })
  /** All events up to this block have been told. */
  | { type: 'chain:advanced'; blockNumber: number; timestamp: number }
  /** What was told of this block and later ones is void; what holds now follows. */
  | { type: 'chain:reorganized'; fromBlock: number }

export interface ChainEvents {
  /** The escrow's events from block `fromBlock` on, without end; outages only delay them. Ends when the signal is aborted or the chain stops. */
  events(fromBlock: number, options?: Abortable): AsyncIterable<ChainEvent>
}

/** The escrow on its chain, and this peer's wallet there. */
export interface Chain extends EscrowState, EscrowActions, WalletMoney, ChainEvents {
  readonly chainId: number
  readonly escrow: WalletAddress
  /** Ends what waits with ChainStoppedError; idempotent. */
  stop(): Promise<void>
}
