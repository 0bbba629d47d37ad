import type { Clock, PeerId, Streams, VerifySignature } from '../ports.ts'
import { peerIdFromPublicKey } from '../protocol/peer-id.ts'
import type { AuthorLog } from './author-log.ts'
import { equalBytes } from './bytes.ts'
import { decodeStatement, logKey, peekEnvelope, signedBytes } from './envelope.ts'
import { EnvelopeRefusedError, PeerLacksLogError, SyncProtocolError } from './errors.ts'
import type { JobCore, Outcome } from './job-core.ts'
import type { Journal } from './journal.ts'
import { proveFork } from './proof.ts'
import {
  decodeFrame,
  encodeRequest,
  filled,
  HEADS_AT_ONCE,
  type Head,
  LOG_SYNC,
  type SyncFrame,
  type SyncRequest,
  type Want,
} from './sync-codec.ts'
import { envelopesFrom, headOf } from './sync-serve.ts'

/** A pull of a Job of the largest size takes sixteen answers. */
const MAX_ROUNDS = 32
/** The store may lag behind a pull by so much; then the pull waits, and with it the peer. */
const MAX_UNWRITTEN_BYTES = 4 * 2 ** 20
/** What one side has refused once is not offered or asked for again for so long. */
const REFUSED_MS = 300_000
/** Then the oldest refusals are forgotten. */
const MAX_REFUSALS = 4096

export interface SyncComponents {
  core: JobCore
  streams: Streams
  journal: Journal
  verify: VerifySignature
  clock: Clock
}

export interface SyncCounts {
  /** Entries that were new here. */
  received: number
  /** Entries that were new there. */
  sent: number
}

interface Plan {
  wants: Want[]
  proofsWanted: PeerId[]
  gives: { log: AuthorLog; clock: number }[]
  proofsGiven: Uint8Array[]
}

/** The asking side of the log protocol for one Job. */
export class SyncClient {
  readonly #components: SyncComponents
  /** Direction, peer and log → when it may be tried again. By peer, so that none can keep a log of another away from us. */
  readonly #refusals = new Map<string, number>()

  constructor(components: SyncComponents) {
    this.#components = components
  }

  /** Brings both sides to the union of their logs. Throws PeerLacksLogError, SyncProtocolError, and what Streams.request throws. */
  async sync(peer: PeerId, signal: AbortSignal): Promise<SyncCounts> {
    try {
      return await this.#sync(peer, signal)
    } catch (error) {
      throw error instanceof EnvelopeRefusedError ? new SyncProtocolError(peer, error) : error
    }
  }

  async #sync(peer: PeerId, signal: AbortSignal): Promise<SyncCounts> {
    const counts = { received: 0, sent: 0 }
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const plan = await this.#plan(peer, signal)
      if (plan === 'same') break
      const { more, received } = await this.#pull(peer, plan, signal)
      counts.received += received
      if (round === 0) counts.sent = await this.#push(peer, plan, signal)
      if (!more || received === 0) break
    }
    return counts
  }

  async #plan(peer: PeerId, signal: AbortSignal): Promise<Plan | 'same'> {
    const { context, state } = this.#components.core
    const heads = new Map<string, Head>()
    const convicted = new Set<PeerId>()
    for await (const frame of this.#ask(peer, { kind: 'heads', jobId: context.jobId, digest: state.digest() }, signal)) {
      if (frame.kind === 'same') return 'same'
      if (frame.kind === 'unknown') throw new PeerLacksLogError(context.jobId, peer)
      if (frame.kind !== 'heads') throw new SyncProtocolError(peer, frame.kind)
      for (const author of frame.convicted) convicted.add(author)
      for (const head of frame.heads)
        heads.set(logKey({ author: peerIdFromPublicKey(head.publicKey), incarnation: head.incarnation }), head)
    }
    return this.#compare(peer, heads, convicted)
  }

  #compare(peer: PeerId, heads: Map<string, Head>, convicted: Set<PeerId>): Plan {
    const { core } = this.#components
    const plan: Plan = {
      wants: [],
      proofsWanted: [...convicted].filter((author) => !core.state.convicted.has(author)),
      gives: [],
      proofsGiven: [],
    }
    for (const [author, proof] of core.state.convicted) if (!convicted.has(author)) plan.proofsGiven.push(proof.bytes)
    for (const log of core.state.logs()) {
      const theirs = heads.get(log.id)
      heads.delete(log.id)
      if (!convicted.has(log.author)) this.#compareLog(peer, log, theirs, plan)
    }
    for (const [id, head] of heads) {
      const wanted = core.allows(peerIdFromPublicKey(head.publicKey)) && !this.#isRefused(inbound(peer, id))
      if (wanted) plan.wants.push({ ...head, clock: 0, chain: new Uint8Array(head.chain.length), statements: false })
    }
    return plan
  }

  #compareLog(peer: PeerId, log: AuthorLog, theirs: Head | undefined, plan: Plan): void {
    if (theirs !== undefined && theirs.clock > log.head) {
      if (!this.#isRefused(inbound(peer, log.id))) plan.wants.push({ ...headOf(log), statements: false })
      return
    }
    const chain = log.chainAt(theirs?.clock ?? 0)
    if (theirs !== undefined && (chain === undefined || !equalBytes(chain, theirs.chain)))
      plan.wants.push({ ...headOf(log), statements: true })
    else if (log.head > (theirs?.clock ?? 0) && !this.#isRefused(outbound(peer, log.id)))
      plan.gives.push({ log, clock: theirs?.clock ?? 0 })
  }

  async #pull(peer: PeerId, { wants, proofsWanted }: Plan, signal: AbortSignal): Promise<{ more: boolean; received: number }> {
    const { core, journal } = this.#components
    let received = 0
    for (let i = 0; i < Math.max(wants.length, proofsWanted.length); i += HEADS_AT_ONCE) {
      const part = { wants: wants.slice(i, i + HEADS_AT_ONCE), proofs: proofsWanted.slice(i, i + HEADS_AT_ONCE) }
      for await (const frame of this.#ask(peer, { kind: 'pull', jobId: core.context.jobId, ...part }, signal)) {
        if (frame.kind === 'more') return { more: true, received }
        if (frame.kind === 'proofs') for (const proof of frame.items) await core.accuse(proof)
        else if (frame.kind === 'statements') await this.#compareStatements(frame.items)
        else if (frame.kind === 'envelopes') {
          const { outcomes, newEntries } = await core.ingest(frame.items)
          received += newEntries
          this.#noteRefusals(peer, frame.items, outcomes)
          if (journal.waitingBytes > MAX_UNWRITTEN_BYTES) await journal.settled()
        } else throw new SyncProtocolError(peer, frame.kind)
      }
    }
    return { more: false, received }
  }

  async #push(peer: PeerId, { gives, proofsGiven }: Plan, signal: AbortSignal): Promise<number> {
    const { core } = this.#components
    const { jobId } = core.context
    let sent = 0
    for (const proofs of filled(proofsGiven)) await this.#pushOnce(peer, { kind: 'push', jobId, proofs, envelopes: [] }, signal)
    for (const { log, clock } of gives) {
      const before = sent
      for await (const envelopes of envelopesFrom(core, log, clock)) {
        const taken = await this.#pushOnce(peer, { kind: 'push', jobId, proofs: [], envelopes }, signal)
        sent += taken
        if (taken === 0) break
      }
      if (sent === before) this.#refuse(outbound(peer, log.id))
    }
    return sent
  }

  async #pushOnce(peer: PeerId, request: SyncRequest, signal: AbortSignal): Promise<number> {
    for await (const frame of this.#ask(peer, request, signal)) if (frame.kind === 'taken') return frame.entries
    return 0
  }

  /** Finds where the author signed another history than the one here. */
  async #compareStatements(items: readonly Uint8Array[]): Promise<void> {
    const { core, verify } = this.#components
    for (const item of items) {
      const statement = decodeStatement(item)
      const other = core.state.log(logKey(statement))?.conflictWith(statement)
      if (other === undefined) continue
      if (await verify(statement.publicKey, signedBytes(core.context.job, statement), statement.signature)) {
        core.convict(proveFork(other, statement))
      }
      return
    }
  }

  async *#ask(peer: PeerId, request: SyncRequest, signal: AbortSignal): AsyncGenerator<SyncFrame> {
    for await (const bytes of this.#components.streams.request(peer, LOG_SYNC, encodeRequest(request), { signal })) {
      let frame: SyncFrame
      try {
        frame = decodeFrame(bytes)
      } catch (cause) {
        throw new SyncProtocolError(peer, cause)
      }
      yield frame
    }
  }

  /** Throws SyncProtocolError where the peer could have known. */
  #noteRefusals(peer: PeerId, envelopes: readonly Uint8Array[], outcomes: readonly Outcome[]): void {
    outcomes.forEach((outcome, i) => {
      if (!(outcome instanceof EnvelopeRefusedError) || outcome.code === 'held-full' || outcome.code === 'store-behind') return
      if (outcome.code !== 'malformed') this.#refuse(inbound(peer, peekEnvelope(envelopes[i]!).log))
      if (outcome.blame) throw new SyncProtocolError(peer, outcome)
    })
  }

  #refuse(key: string): void {
    if (this.#refusals.size >= MAX_REFUSALS) this.#refusals.delete(this.#refusals.keys().next().value!)
    this.#refusals.set(key, this.#components.clock.nowMs() + REFUSED_MS)
  }

  #isRefused(key: string): boolean {
    const untilMs = this.#refusals.get(key)
    if (untilMs === undefined) return false
    if (untilMs > this.#components.clock.nowMs()) return true
    this.#refusals.delete(key)
    return false
  }
}

function inbound(peer: PeerId, log: string): string {
  return `<${peer}/${log}`
}

function outbound(peer: PeerId, log: string): string {
  return `>${peer}/${log}`
}
