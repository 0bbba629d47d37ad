import { chainHead, nonceAt } from '../../src/job/beacon.ts'
import { hashOf, uint32, utf8ToBytes } from '../../src/job/bytes.ts'
import { chunkState } from '../../src/job/chunk.ts'
import { checksumOf, commitFor } from '../../src/job/commit.ts'
import { completeDraft } from '../../src/job/draft.ts'
import { type Duty, dutiesOf } from '../../src/job/duties.ts'
import { applyEscrowFacts, type EscrowAttempt, type EscrowFacts, type StakeState, stakeOf } from '../../src/job/escrow-facts.ts'
import { applyRecord } from '../../src/job/filing.ts'
import type { JobInfo } from '../../src/job/info.ts'
import { drawnResults, resultKey } from '../../src/job/opened-results.ts'
import { escrowIdOf, isPaid } from '../../src/job/payment.ts'
import type { JobRecord, RecordOf } from '../../src/job/records.ts'
import { leafCommitHash, signStatement } from '../../src/job/settlement/statements.ts'
import { planSettlements } from '../../src/job/settlement-plan.ts'
import { attemptKey, chunkOf, createJobView, type JobView, microKey } from '../../src/job/view.ts'
import { jobIdOfInfo } from '../../src/protocol/records.ts'
import { walletAddress } from '../../src/protocol/wallet.ts'

/** A Job of plain shape: `macroJobs` × `microJobs` × `blocks`, computed from its parameters alone. */
export function plainInfo(macroJobs: number, microJobs: number, blocks: number, requester: string, chunkMacroJobs = 8): JobInfo {
  const side = { width: macroJobs * microJobs * blocks, height: 1, elementBytes: 4, block: { width: 1, height: 1 }, step: { x: 1, y: 1 } }
  const cid = 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku'
  const slicing = {
    macroJobs,
    microJobs,
    blocks,
    microJobsPerRow: macroJobs * microJobs,
    blocksPerRow: blocks,
    chunkMacroJobs,
    output: { ...side, layout: 'sequence' as const },
    input: null,
  }
  return completeDraft(
    { name: 'plain', code: 'x', slicing, seed: `${'0'.repeat(62)}2a` },
    { requester, wallet: null, seed: '0'.repeat(64), code: { uri: `ipfs://${cid}`, cid, bytes: 1 }, data: null },
  )
}

export const peerName = (index: number) => `12D3KooW${'123456789ABCDEFGH'[index]}${'1'.repeat(43)}`
export const walletKey = (index: number) => hashOf('test-wallet', uint32(index))
const wallets = new Map<number, string>()
export const walletOf = (index: number) => {
  const known = wallets.get(index) ?? walletAddress(walletKey(index))
  wallets.set(index, known)
  return known
}

/** `info` as a Job that an escrow pays. */
export function paidInfo(info: JobInfo, quorum = 2): JobInfo {
  const prices = { validationPriceWei: '7', finisherPriceWei: '3', minBondWei: '100000' }
  const payment = { chainId: 31337, escrow: `0x${'e5'.repeat(20)}`, ...prices, quorum }
  return { ...info, wallet: walletOf(99), unitPriceWei: '100', deadline: 4_000_000_000, payment }
}

export interface Behaviour {
  /** Computes a wrong result for these blocks. */
  wrong?: (macro: number, micro: number, block: number) => boolean
  /** Never opens its commits. */
  hides?: boolean
  /** Never opens its nonces. */
  keepsNonce?: boolean
  /** As a validator, says that everything is wrong. */
  accuses?: boolean
  /** As a validator, computes nothing and says that everything is right. */
  nods?: boolean
  /** Makes its results known, and gives them to nobody. */
  unserved?: boolean
  /** Does not answer with its bond for what it commits to. */
  unsigned?: boolean
  /** Of its wallet's bond, in a simulated paid Job: it was never there, is lost while the Job lasts, or lost and put back. */
  bond?: 'never' | 'lost' | 'back'
  /** Has no circuits to prove a settlement with, and says so. */
  blind?: boolean
  /** Does nothing from now on. */
  dead?: boolean
}

/** The results of a peer that does not serve them. */
export const UNSERVED = 'bafkreiunserved'
export const CID = 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku'

interface WorldPeer {
  index: number
  name: string
  behaviour: Behaviour
  secret: Uint8Array
  openings: Map<string, Uint8Array[]>
  looked: Map<string, boolean>
}

/**
 * Peers that hear each other's records at once: what is tested is the fold, not the network. One step lets each living peer do everything that
 * its duties ask of it, in the order of their turns.
 */
export class JobWorld {
  readonly view: JobView
  readonly info: JobInfo
  readonly peers: WorldPeer[]
  readonly log: { author: string; record: JobRecord }[] = []
  /** The chain of a paid Job: what was done to it, in order. */
  readonly calls: string[] = []
  chainAnswers = true
  /** False while no settlement arrives. */
  pays = true
  /** The hash of a right block, for a test whose results are real bytes. @default one of nothing */
  rightHash: ((macro: number, micro: number, block: number) => Uint8Array) | undefined
  /** What the chain's clock says of the deadline: see `look`. */
  time = { closing: false, expired: false }
  readonly convicted = new Set<string>()
  readonly #attempts = new Map<string, EscrowAttempt>()
  readonly #settled = new Map<number, bigint>()
  readonly #stakes = new Map<string, StakeState>()
  #state: EscrowFacts['state'] = 'open'

  constructor(info: JobInfo, behaviours: Behaviour[], nameOf = peerName) {
    this.info = info
    this.view = createJobView(jobIdOfInfo(info))
    this.peers = behaviours.map((behaviour, index) => ({
      index,
      name: nameOf(index),
      behaviour,
      secret: hashOf('test-secret', uint32(index)),
      openings: new Map(),
      looked: new Map(),
    }))
    this.write(info.requester, { kind: 'job', info })
    if (isPaid(info)) {
      for (const { index } of this.peers) this.#stakes.set(walletOf(index).toLowerCase(), 'bonded')
      this.#onChain('open', 'open')
    }
    for (const { name, index, behaviour } of this.peers) {
      this.write(name, {
        kind: 'peer',
        wallet: walletOf(index),
        certificate: new Uint8Array(1),
        fingerprint: null,
        ...(isPaid(info) && { settles: !behaviour.blind }),
      })
    }
  }

  write(author: string, record: JobRecord) {
    this.log.push({ author, record })
    applyRecord(this.view, author, record)
  }

  /** Every open MicroJob is computed by the peer that `worker` names. */
  process(worker: (macro: number, micro: number) => number) {
    for (let macro = 0; macro < this.info.slicing.macroJobs; macro++) {
      const { current } = chunkState(this.view, this.info, chunkOf(this.info, macro))
      for (const micro of current?.open.get(macro) ?? []) this.commit(worker(macro, micro), macro, micro, current?.attempt ?? 0)
    }
  }

  commit(
    index: number,
    macro: number,
    micro: number,
    attempt: number,
    blockHashes = this.compute(index, macro, micro),
    challenge: Uint8Array | null = null,
  ) {
    const peer = this.peers[index] as WorldPeer
    if (peer.behaviour.dead) return
    peer.openings.set(`${microKey(macro, micro)}/${attempt}`, blockHashes)
    const opening = { blockHashes, salt: this.#salt(peer, macro, micro, attempt) }
    const commit = commitFor(this.info, { jobId: this.view.jobId, macro, micro, wallet: walletOf(index) }, opening)
    const head = chainHead(peer.secret, chunkOf(this.info, macro))
    this.write(peer.name, {
      kind: 'commit',
      macro,
      micro,
      attempt,
      commit,
      chainHead: head,
      challenge,
      ...this.#leafSignature(index, macro, micro, attempt, commit),
    })
  }

  compute(index: number, macro: number, micro: number): Uint8Array[] {
    return Array.from({ length: this.info.slicing.blocks }, (_, block) => this.#blockHash(index, macro, micro, block))
  }

  /**
   * All duties of all living peers, once; with `late` also of those whose turn comes later, and `stuck` also lets them vote that the attempt is. Gives the
   * number of duties done.
   */
  step({ late = false, stuck = false } = {}): number {
    const living = this.peers.filter(({ behaviour }) => !behaviour.dead)
    const duties = (peer: WorldPeer) => {
      const found = dutiesOf(this.view, peer.name, { looked: peer.looked })
      // Who keeps to them knows them by their ids.
      if (new Set(found.map(({ id }) => id)).size < found.length) throw new Error(`two duties of one id: ${found.map(({ id }) => id)}`)
      return found
    }
    // All vote at once: none waits for what becomes of the others' votes.
    if (stuck) {
      const votes = living.flatMap((peer) => duties(peer).flatMap((duty) => (duty.kind === 'reopen' ? [{ peer, duty }] : [])))
      return votes.filter(({ peer, duty }) => this.#do(peer, duty)).length
    }
    let done = 0
    for (const peer of living) {
      for (const duty of duties(peer)) {
        if (duty.kind === 'reopen' || (this.#waits(duty) && !late)) continue
        if (this.#do(peer, duty)) done++
      }
    }
    return done
  }

  /** One duty of one peer; false where it does not do it. */
  perform(name: string, duty: Duty): boolean {
    return this.#do(this.peers.find((peer) => peer.name === name) as WorldPeer, duty)
  }

  /** Steps, and computes what is open again, until nothing moves; peers vote when nothing else does. */
  settle(worker: (macro: number, micro: number) => number, rounds = 200) {
    for (let round = 0; round < rounds; round++) {
      this.process(worker)
      if (this.step() > 0) continue
      if (this.step({ late: true }) > 0) continue
      if (this.step({ stuck: true }) === 0) return
    }
    throw new Error('the Job does not settle')
  }

  #waits({ before }: Duty): boolean {
    return before.some((name) => !this.peers.find((peer) => peer.name === name)?.behaviour.dead)
  }

  #salt(peer: WorldPeer, macro: number, micro: number, attempt: number) {
    return hashOf('salt', peer.secret, uint32(macro), uint32(micro), uint32(attempt))
  }

  #blockHash(index: number, macro: number, micro: number, block: number): Uint8Array {
    const wrong = this.peers[index]?.behaviour.wrong?.(macro, micro, block) ?? false
    if (!wrong && this.rightHash !== undefined) return this.rightHash(macro, micro, block)
    return hashOf('result', uint32(macro), uint32(micro), uint32(block), utf8ToBytes(wrong ? `wrong ${index}` : 'right'))
  }

  #do(peer: WorldPeer, duty: Duty): boolean {
    const { behaviour, name, index } = peer
    switch (duty.kind) {
      case 'propose':
      case 'reopen':
      case 'refuse':
        this.write(name, duty.record)
        return true
      case 'open-nonce': {
        if (behaviour.keepsNonce) return false
        const { chunk, attempt, root } = duty
        this.write(name, { kind: 'nonce', chunk, attempt, root, nonce: nonceAt(peer.secret, chunk, attempt) })
        return true
      }
      case 'validate': {
        const hashes = duty.samples.map((block, micro) =>
          behaviour.accuses || behaviour.nods ? hashOf('invented', uint32(micro)) : this.#blockHash(index, duty.macro, micro, block),
        )
        this.commit(index, duty.macro, this.info.slicing.microJobs, duty.attempt, hashes, duty.challenge)
        return true
      }
      case 'reveal':
        if (duty.micro === this.info.slicing.microJobs && !this.#take(peer, duty.macro)) return false
        return this.#reveal(peer, duty)
      case 'look':
        this.#take(peer, duty.macro)
        return true
      case 'recheck': {
        const { macro, attempt, dispute } = duty
        if (dispute.processor === dispute.validator && !this.#take(peer, macro)) return false
        const hash = this.#blockHash(index, macro, dispute.micro, dispute.block)
        this.write(name, { kind: 'recheck', macro, micro: dispute.micro, attempt, block: dispute.block, hash, agrees: 'neither' })
        return true
      }
      case 'endorse': {
        if (behaviour.keepsNonce) return false
        const { chunk, attempt, proposal } = duty
        this.write(name, { kind: 'endorsement', chunk, attempt, proposal, signature: this.#sign(index, duty.structHash) })
        return true
      }
      case 'sign-verdict': {
        if (behaviour.keepsNonce) return false
        const { macro, attempt, verdict, structHash } = duty.expected
        this.write(name, { kind: 'verdict', macro, attempt, verdict, signature: this.#sign(index, structHash) })
        return true
      }
      case 'testify': {
        const { macro, micro, attempt, culprit } = duty.offence
        const signature = this.#sign(index, duty.structHash)
        this.write(name, { kind: 'testimony', macro, micro, attempt, culprit, hash: duty.hash, signature })
        return true
      }
      case 'convict':
        if (this.convicted.has(duty.id)) return false
        this.convicted.add(duty.id)
        this.#onChain(`convict ${duty.offence.culprit}`)
        return true
      case 'engage':
        this.#onChain('engage')
        return true
      case 'refund':
        this.#onChain('refund', 'refunded')
        return true
      case 'commit-root': {
        if (!this.chainAnswers || !isPaid(this.info) || duty.endorsers.length < this.info.payment.quorum) return false
        const root = BigInt(`0x${Buffer.from(duty.root).toString('hex')}`)
        const proposal = `0x${Buffer.from(duty.proposal).toString('hex')}`
        this.#attempts.set(attemptKey(duty.chunk, duty.attempt), { root, proposal, beacon: undefined })
        this.#onChain(`root ${attemptKey(duty.chunk, duty.attempt)}`)
        return true
      }
      case 'pin-beacon': {
        const key = attemptKey(duty.chunk, duty.attempt)
        this.#attempts.set(key, { ...(this.#attempts.get(key) as EscrowAttempt), beacon: 1000n + BigInt(duty.attempt) })
        this.#onChain(`beacon ${key}`)
        return true
      }
      case 'settle': {
        const { chunk, attempt, macros } = duty
        if (!this.pays || behaviour.blind) return false
        if (this.#refuses(chunk, macros)) {
          this.calls.push(`refused ${attemptKey(chunk, attempt)} ${macros}`)
          return false
        }
        for (const { counted } of planSettlements(this.view, this.info, chunk, attempt, macros))
          this.#settled.set(chunk, (this.#settled.get(chunk) ?? 0n) | counted)
        this.#onChain(`settle ${attemptKey(chunk, attempt)} ${macros}`)
        return true
      }
      case 'finalize':
        this.write(name, { kind: 'report', cid: 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku', outcome: duty.outcome })
        return true
    }
  }

  #leafSignature(index: number, macro: number, micro: number, attempt: number, commit: Uint8Array) {
    if (!isPaid(this.info) || this.peers[index]?.behaviour.unsigned) return {}
    const leaf = BigInt(`0x${Buffer.from(commit).toString('hex')}`)
    const jobId = escrowIdOf(this.info, this.view.jobId)
    return { signature: this.#sign(index, leafCommitHash({ jobId, macro, micro, attempt, leaf })) }
  }

  #sign(index: number, structHash: Uint8Array): Uint8Array {
    if (!isPaid(this.info)) throw new TypeError('asked to sign for an escrow that is none')
    return signStatement(walletKey(index), this.info.payment, structHash)
  }

  #onChain(call: string, state: EscrowFacts['state'] = 'working') {
    this.calls.push(call)
    this.#state = state
    this.look()
  }

  /** From now on the chain says so of the peer's wallet. */
  stake(index: number, state: StakeState) {
    this.stakeOfWallet(walletOf(index), state)
  }

  stakeOfWallet(wallet: string, state: StakeState) {
    this.#stakes.set(wallet.toLowerCase(), state)
    this.look()
  }

  /** What the chain says now. */
  facts(): EscrowFacts {
    const [attempts, settled, stakes] = [new Map(this.#attempts), new Map(this.#settled), new Map(this.#stakes)]
    return { state: this.#state, attempts, settled, stakes, ...this.time }
  }

  /** As the contract does: one validator without a bond, and nothing is paid. */
  #refuses(chunk: number, macros: readonly number[]): boolean {
    const { agreed } = chunkState(this.view, this.info, chunk)
    return macros.some((macro) => stakeOf(this.view, agreed.get(macro)?.validator as string) === 'gone')
  }

  /** Lets all know what the chain says now. */
  look() {
    applyEscrowFacts(this.view, this.facts())
  }

  /** False where a result is not to be had. */
  #take(peer: WorldPeer, macro: number): boolean {
    const results = drawnResults(this.view, this.info, macro).filter(({ author }) => author !== peer.name)
    for (const result of results) peer.looked.set(resultKey(result), result.cid !== UNSERVED)
    return results.every(({ cid }) => cid !== UNSERVED)
  }

  #reveal(peer: WorldPeer, { macro, micro, attempt }: Extract<Duty, { kind: 'reveal' }>): boolean {
    if (peer.behaviour.hides) return false
    const blockHashes = peer.openings.get(`${microKey(macro, micro)}/${attempt}`)
    if (blockHashes === undefined) throw new Error('asked to reveal what it did not commit to')
    const salt = this.#salt(peer, macro, micro, attempt)
    const record: Omit<RecordOf<'reveal'>, 'checksum'> = {
      kind: 'reveal',
      macro,
      micro,
      attempt,
      blockHashes,
      salt,
      cid: peer.behaviour.unserved && micro < this.info.slicing.microJobs ? UNSERVED : CID,
      verdicts: peer.behaviour.nods && micro === this.info.slicing.microJobs ? blockHashes.map(() => true) : null,
      wallet: walletOf(peer.index),
    }
    this.write(peer.name, { ...record, checksum: checksumOf(this.view.jobId, record) })
    return true
  }
}
