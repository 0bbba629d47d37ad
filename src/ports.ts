/**
 * The ports of the house: types only. Roles see these and the domain (`job/`); adapters implement them, each fenced to its
 * folder, and never import one another. A fake of a port is allowed only beside a compliance suite that the real adapter passes too.
 */

/** A libp2p peer id in its base58 text form (`12D3KooW…` for Ed25519 keys). */
export type PeerId = string
/** A CID in its canonical text form (`bafk…`, `bafy…`). */
export type Cid = string

export interface Abortable {
  signal?: AbortSignal
}

/** A monotonic clock, and timers that a simulator can drive. Clocks of two machines are never compared. */
export interface Clock {
  /** Milliseconds since an arbitrary start; never goes back. */
  nowMs(): number
  /** Resolves after `ms`; rejects with the signal's reason when it is aborted. */
  sleep(ms: number, options?: Abortable): Promise<void>
}

// ---------------------------------------------------------------- network

/**
 * The judgement of a stranger's message. `accept` forwards and delivers it, `ignore` drops it without blame (also for bugs of ours),
 * `reject` drops it and lowers the sender's score; `code` is a short constant, never text for the peer.
 */
export type Verdict = { verdict: 'accept' } | { verdict: 'ignore' | 'reject'; code: string }

/** How the bytes of one topic become messages. */
export interface ChannelSpec<M> {
  topic: string
  /** The most bytes that one message may have on the wire. An oversize gossip message costs the sender its mesh: capped on sending too. */
  maxBytes: number
  encode(message: M): Uint8Array
  /** Throws on anything that is not a message of this channel; the network turns that into `reject`. */
  decode(bytes: Uint8Array): M
  /** Cheap checks first, signatures last; runs before the message is forwarded. Without it, what decodes is accepted. */
  judge?(message: M, from: PeerId): Verdict | Promise<Verdict>
}

/** A typed gossip topic that this peer has joined. `from` is the verified author, not the peer that relayed it. */
export interface Channel<M> {
  readonly topic: string
  /** Resolves when the message was handed to gossip (also with nobody listening). Rejects with ChannelMessageTooLargeError. */
  publish(message: M): Promise<void>
  /** Calls `listener` for each accepted message of others, never for our own; returns the way to stop. */
  subscribe(listener: (message: M, from: PeerId) => void): () => void
  /** The peers known to be subscribed now, this one excluded. */
  peers(): PeerId[]
  onPeer(listener: (peer: PeerId, change: 'joined' | 'left') => void): () => void
  /** Leaves the topic; idempotent. */
  close(): Promise<void>
}

export interface Channels {
  /** Subscribes and dials members found through `meetAt` (peers likely to be members or to know some). */
  join<M>(spec: ChannelSpec<M>, options?: Abortable & { meetAt?: PeerId[] }): Promise<Channel<M>>
}

/** One request/response protocol on a stream: one request frame, any number of response frames. */
export interface StreamSpec {
  /** For example `/minga/blocks/1`. */
  protocol: string
  maxRequestBytes: number
  /** The most bytes of one response frame. */
  maxFrameBytes: number
  /** The most bytes of all response frames together. */
  maxResponseBytes: number
  /** No frame for so long ends the stream with StreamTimeoutError. */
  idleTimeoutMs: number
  /** The whole exchange takes no longer. */
  totalTimeoutMs: number
  /** The most streams of this protocol served at once for one peer. */
  maxConcurrent: number
}

export type StreamHandler = (request: Uint8Array, context: { from: PeerId; signal: AbortSignal }) => AsyncIterable<Uint8Array>

export interface Streams {
  /** Serves `spec` until the returned function is called. What the handler throws closes the stream; its text stays here. */
  serve(spec: StreamSpec, handler: StreamHandler): Promise<() => Promise<void>>
  /** Sends the request and yields the response's frames with back-pressure. Throws StreamTimeoutError, StreamRefusedError, PeerUnreachableError. */
  request(peer: PeerId, spec: StreamSpec, request: Uint8Array, options?: Abortable): AsyncIterable<Uint8Array>
}

export interface Network {
  readonly self: PeerId
  /** The raw 32-byte Ed25519 public key behind `self`. */
  readonly publicKey: Uint8Array
  readonly channels: Channels
  readonly streams: Streams
  /** Multiaddrs that others can dial, each ending in `/p2p/<self>`. */
  addresses(): string[]
  /** Connected peers. */
  peers(): PeerId[]
  onPeer(listener: (peer: PeerId, change: 'connected' | 'disconnected') => void): () => void
  /** Connects by multiaddr or by peer id of a known peer. Throws PeerUnreachableError. */
  dial(target: string | PeerId, options?: Abortable): Promise<PeerId>
  stop(): Promise<void>
}

// ---------------------------------------------------------------- signatures

/** Signs with this peer's Ed25519 key. */
export interface Signer {
  readonly peer: PeerId
  readonly publicKey: Uint8Array
  sign(bytes: Uint8Array): Promise<Uint8Array>
}

/** True where `signature` over `bytes` is of the Ed25519 key `publicKey`; false otherwise, also for malformed input. */
export type VerifySignature = (publicKey: Uint8Array, bytes: Uint8Array, signature: Uint8Array) => Promise<boolean>

// ---------------------------------------------------------------- replica

/** One verified entry of a Job's log. `author` wrote it and only it; `key` is unique for the author; a value never changes. */
export interface LogEntry {
  author: PeerId
  key: string
  value: Uint8Array
}

/** A Job's replicated log: insert-only, one signed sequence per author. State is a fold over its entries, in any order. */
export interface JobLog {
  readonly jobId: string
  /** Signs and stores the entries (batched), then gossips them. Resolves when they are durable here. */
  append(entries: readonly { key: string; value: Uint8Array }[]): Promise<void>
  /** All verified entries but those of `equivocators()`, authors mixed, each author's in its own order. */
  entries(): Iterable<LogEntry>
  /**
   * Called once per batch of new verified entries, our own included. An empty batch says that `equivocators()` grew: their entries are gone
   * from `entries()`, and a fold over them starts anew.
   */
  onEntries(listener: (entries: readonly LogEntry[]) => void): () => void
  /** Fetches from `peer` what it has and we lack, and the other way round. */
  syncWith(peer: PeerId, options?: Abortable): Promise<{ received: number; sent: number }>
  /**
   * Holds authors to less than the log's own limits from now on, ours included: what a Job of this shape can need. Whoever is above it already is convicted.
   * The quota must follow from the Job's id alone, so that all peers hold the same.
   */
  bound(quota: { authorEntries: number; authorBytes: number; jobBytes: number }): void
  /** Authors proved to have signed two histories, two values for one key, or more than their quota; refused from then on. */
  equivocators(): PeerId[]
  close(): Promise<void>
}

/** What a value must look like for its key: throws where it does not. Given by the domain, so that the replica knows no records. */
export type LogSchema = (jobId: string, author: PeerId, key: string, value: Uint8Array) => void

export interface Replica {
  /** Opens (or makes) the Job's log, joins its gossip; the same object for the same id until closed. */
  open(jobId: string, options?: Abortable & { meetAt?: PeerId[] }): Promise<JobLog>
  /** Ids of the Jobs with a log on this disk. */
  jobs(): Promise<string[]>
  /** Forgets a Job's log. */
  remove(jobId: string): Promise<void>
  stop(): Promise<void>
}

// ---------------------------------------------------------------- storage

export interface FetchOptions extends Abortable {
  /** Peers likely to hold it, tried first: those that are connected, then the others, each in this order. */
  providers?: PeerId[]
  /** Refuse more than this. @default 1 GiB */
  maxBytes?: number
  onProgress?: (doneBytes: number, totalBytes: number | undefined) => void
}

/** Content-addressed bytes. Every byte that comes from a peer was checked against its CID before it is returned. */
export interface Blocks {
  /** Stores a file, pinned under `owner` (a Job's id), and gives its CID. */
  put(bytes: Uint8Array | AsyncIterable<Uint8Array>, options?: Abortable & { owner?: string }): Promise<Cid>
  /** Bytes [offset, offset + length) of the file; fetches only the leaves it lacks. Throws BlockNotFoundError, WrongBytesError. */
  read(cid: Cid, options?: FetchOptions & { offset?: number; length?: number }): Promise<Uint8Array>
  /** Brings the whole file here and pins it under `owner`. */
  fetch(cid: Cid, options?: FetchOptions & { owner?: string }): Promise<{ bytes: number }>
  /** The size of the file in bytes. */
  size(cid: Cid, options?: FetchOptions): Promise<number>
  has(cid: Cid): Promise<boolean>
  /** Marks an owner's work as done: its pins may be released by age and space. */
  finish?(owner: string): Promise<void>
  /** Drops all pins of an owner; what no owner pins goes at the next gc. */
  release(owner: string): Promise<void>
  /** Removes unpinned blocks; gives the bytes freed. */
  gc(options?: Abortable): Promise<{ freedBytes: number }>
  stop(): Promise<void>
}

// ---------------------------------------------------------------- compute

/** A WGSL program as the compute ABI sees it (docs/COMPUTE.md). */
export interface WgslProgram {
  /** At most 64 KiB; declares the three bindings itself. */
  code: string
  /** Appended after `code`, so that line numbers stay the author's. */
  prelude: readonly 'reproducible-float'[]
  /** @group-size of the entry point `main`, a 1-D workgroup. */
  workgroupSize: number
  /** Invocations of one block; the index of one is `global_invocation_id.x + P[12]`. */
  invocations: number
  /** Bytes of one block's output: a multiple of 4. */
  outputBytes: number
  /** True where results are compared bit by bit: the source is linted and NaN, −0 are canonicalised for `f32` output. */
  exact: boolean
  /** What the output's 32-bit values are; `f32` makes NaN and −0 canonical before hashing. */
  outputElement: 'u32' | 'f32'
}

export interface ComputeBlock {
  /** P: the ABI's 16-word header and then the Job's parameters. P[0] is 0. */
  params: Uint32Array
  /** I: the block's input, a multiple of 4 bytes, possibly empty. */
  input: Uint8Array
}

export interface BlockResult {
  output: Uint8Array
  /** SHA-256 of the canonical output. */
  hash: Uint8Array
  /** Time on the device, all dispatches of the block. */
  deviceMs: number
}

export interface Diagnostic {
  severity: 'error' | 'warning' | 'info'
  message: string
  /** 1-based line and column in the author's source; 0 where unknown. */
  line: number
  column: number
}

export interface DeviceReport {
  /** As the driver names it. */
  name: string
  kind: 'hardware' | 'software'
  /** The numeric fingerprint: peers with the same one may compare raw f32 results (`class`). */
  fingerprint: string
  limits: { maxBufferBytes: number; maxStorageBindingBytes: number; maxWorkgroupSize: number; maxWorkgroups: number }
}

export interface Compute {
  device(): Promise<DeviceReport>
  /** Lints and compiles without running. An empty array or only warnings means that it can run. */
  check(program: WgslProgram, options?: Abortable): Promise<Diagnostic[]>
  /**
   * Runs the blocks in order on one device. Throws ShaderCompileError (with diagnostics), ComputeTimeoutError, ComputeLimitError,
   * ComputeCrashedError; after any of them the next call works.
   * `budgetMs` bounds each block; `onBlock` hears of each block as it completes.
   */
  run(
    program: WgslProgram,
    blocks: readonly ComputeBlock[],
    options: Abortable & { budgetMs: number; onBlock?: (index: number, result: BlockResult) => void },
  ): Promise<BlockResult[]>
  stop(): Promise<void>
}

/** Small private values of this peer that must survive a crash: what it needs to open its commits. */
export interface Vault {
  /** Resolves when the value is on the disk. */
  put(scope: string, key: string, value: Uint8Array): Promise<void>
  get(scope: string, key: string): Promise<Uint8Array | undefined>
  /** Forgets a scope (a Job's id). */
  drop(scope: string): Promise<void>
}

// ---------------------------------------------------------------- proof

/** A Groth16 proof over BN254 in the order in which a Solidity verifier takes it: of each coordinate in b the imaginary part comes first. */
export interface Proof {
  a: readonly [bigint, bigint]
  b: readonly [readonly [bigint, bigint], readonly [bigint, bigint]]
  c: readonly [bigint, bigint]
}

/** What a prover is about to do; the steps come in this order, and `points` is the longest. */
export type ProofStep = 'artifacts' | 'witness' | 'polynomials' | 'points' | 'check'

/** Named inputs of a circuit as decimal digits, lists of them, and so on: plain JSON. */
export type ProofInput = Readonly<Record<string, unknown>>

/** Makes and checks proofs for circuits that it knows by name (`5x10`). */
export interface Prover {
  /**
   * A proof that was verified before it is returned, its public signals, and how long it took in milliseconds once its turn had come. An abort ends the work at once and rejects with the signal's reason.
   * Throws UnknownCircuitError, WrongArtifactError, WitnessRefusedError, ProverCrashedError.
   */
  prove(
    circuit: string,
    input: ProofInput,
    options?: Abortable & { onProgress?: (step: ProofStep) => void },
  ): Promise<{ proof: Proof; publicSignals: bigint[]; tookMs: number }>
  /** True where the proof holds for exactly these public signals; false also for malformed ones. Throws UnknownCircuitError. About 50 ms. */
  verify(circuit: string, proof: Proof, publicSignals: readonly bigint[]): boolean
}

// ---------------------------------------------------------------- chain

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
  /** Read once. Throws UnservedRulesError too, where this software does not know how to serve them. */
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
  /** Burns a share of the culprit's bond; each offence once. */
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
