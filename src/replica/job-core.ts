import type { Logger } from '../log.ts'
import type { JobLog, LogEntry, PeerId, VerifySignature } from '../ports.ts'
import { checkSchema, decodeEnvelope, type Envelope, type JobContext, logKey, signedBytes } from './envelope.ts'
import { EnvelopeRefusedError } from './errors.ts'
import type { Journal } from './journal.ts'
import type { LogLimits } from './limits.ts'
import { type Commit, LogState, type Placement } from './log-state.ts'
import { nextTurn } from './next-turn.ts'
import { type Charge, decodeProof, earlyCharge, type Proof, proveContradiction, verifyProof } from './proof.ts'
import { encodeRecord, envelopeBytes, KEYS } from './record.ts'

/** Strangers' bytes that may wait for a store that takes no write: then nothing more is taken in until it does. */
const MAX_WAITING_BYTES = 16 * 2 ** 20
/** Envelopes are checked and applied in groups of about so many bytes, with a turn of the event loop between: 5 to 10 ms of one core. */
const GROUP_BYTES = 64 * 1024
/** Proofs, of 50 KiB at most, that wait for the Job's quota; a convicted author is one of these. */
const MAX_EARLY_PROOFS = 64

export type Outcome = Placement | EnvelopeRefusedError

export interface JobCoreComponents {
  context: JobContext
  limits: LogLimits
  verify: VerifySignature
  /** Whether an author may write to this Job. */
  allow: (author: PeerId) => boolean
  journal: Journal
  logger: Logger
}

/** The way of envelopes and proofs into a Job's state and store: checks, cheap ones first, then apply, then persist, then tell. */
export class JobCore {
  readonly state: LogState
  readonly context: JobContext
  readonly #components: JobCoreComponents
  #limits: LogLimits
  /** Whether `bound` was called: until then an excess of the Job's quota cannot be judged. */
  #isBound = false
  readonly #early = new Map<PeerId, Uint8Array>()
  readonly #entryListeners = new Set<(entries: readonly LogEntry[]) => void>()
  readonly #proofListeners = new Set<(proof: Proof) => void>()

  constructor(components: JobCoreComponents) {
    this.#components = components
    this.context = components.context
    this.#limits = components.limits
    this.state = new LogState(components.context, components.limits)
  }

  /** Takes envelopes from strangers. Gives what became of each, in order, and the count of new entries; never throws for their bytes. */
  async ingest(envelopes: readonly Uint8Array[]): Promise<{ outcomes: Outcome[]; newEntries: number }> {
    const outcomes: Outcome[] = []
    let newEntries = 0
    for await (const checked of this.#checkAhead(groups(envelopes))) {
      const commit = await this.commit(checked.filter(isEnvelope))
      newEntries += commit.entries.length
      let next = 0
      for (const result of checked) outcomes.push(result instanceof EnvelopeRefusedError ? result : commit.outcomes[next++]!)
    }
    return { outcomes, newEntries }
  }

  /** The groups, checked. While the signatures of one are verified elsewhere, the form of the next is checked here. */
  async *#checkAhead(all: Iterable<Uint8Array[]>): AsyncGenerator<(Envelope | EnvelopeRefusedError)[]> {
    let ahead: Promise<(Envelope | EnvelopeRefusedError)[]> | undefined
    for (const group of all) {
      const before = ahead
      if (before !== undefined) await nextTurn()
      ahead = Promise.all(group.map((bytes) => this.#check(bytes)))
      // A bug of ours shows when its turn comes.
      ahead.catch(() => {})
      if (before !== undefined) yield await before
    }
    if (ahead !== undefined) yield await ahead
  }

  /** Applies envelopes that were verified, or that this peer signed. Only a proof of contradiction is waited for. */
  async commit(envelopes: readonly Envelope[], { stored = false } = {}): Promise<Commit> {
    const commit = this.state.commit(envelopes)
    const { journal } = this.#components
    const { job, sha256 } = this.context
    if (!stored) for (const envelope of commit.applied) journal.put(KEYS.envelope(job, envelope), encodeRecord(envelope, sha256))
    if (commit.entries.length > 0) this.#tellEntries(commit.entries)
    for (const proof of commit.proofs) this.#record(proof, true)
    for (const { envelope, older } of commit.contradictions) {
      const [record] = await journal.getMany([KEYS.envelope(job, older)]).catch(() => [])
      if (record) this.convict(proveContradiction(envelope.author, envelopeBytes(record), envelope.bytes))
    }
    return commit
  }

  /** Applies envelopes from the store: they were verified before they went there, and all that waits may wait. */
  restore(envelopes: readonly Envelope[]): void {
    this.state.commit(envelopes, { unbounded: true })
  }

  /** Holds authors to the Job's quota, where it is below the log's own limits. */
  bound({ authorEntries, authorBytes, jobBytes }: Parameters<JobLog['bound']>[0]): void {
    if (this.#isBound) return
    this.#isBound = true
    const { limits, logger } = this.#components
    this.#limits = {
      ...limits,
      maxAuthorEntries: Math.min(limits.maxAuthorEntries, authorEntries),
      maxAuthorBytes: Math.min(limits.maxAuthorBytes, authorBytes),
      maxJobBytes: Math.min(limits.maxJobBytes, jobBytes),
    }
    for (const proof of this.state.bound(this.#limits)) this.convict(proof)
    for (const proof of this.#early.values()) {
      this.accuse(proof).catch((error: unknown) => logger.debug('early proof proves nothing', { error: String(error) }))
    }
    this.#early.clear()
  }

  /** Takes a proof from elsewhere. Throws EnvelopeRefusedError where it proves nothing. True where it is news, and was understood. */
  async accuse(bytes: Uint8Array): Promise<boolean> {
    const { verify } = this.#components
    const charge = this.#readCharge(bytes.slice())
    if (charge === undefined || this.state.convicted.has(charge.author)) return false
    await verifyProof(this.context, verify, charge)
    return this.#convict(charge, false)
  }

  /** Undefined where the proof has to wait: whoever made it knows the Job's quota, and we do not. */
  #readCharge(bytes: Uint8Array): Charge | undefined {
    const early = this.#isBound ? undefined : earlyCharge(this.context, this.#limits, bytes)
    if (early === undefined) return decodeProof(this.context, this.#limits, bytes)
    if (this.#early.size < MAX_EARLY_PROOFS) this.#early.set(early.author, bytes)
    return undefined
  }

  /** Convicts an author by a proof that was built here, and tells the others. True where it is news. */
  convict(proof: Proof): boolean {
    return this.#convict(proof, true)
  }

  allows(author: PeerId): boolean {
    return !this.state.convicted.has(author) && this.#components.allow(author)
  }

  /** The bytes of applied envelopes, in order; what the store lost is left out. Rejects with LogUnreadableError. */
  async envelopes(places: readonly Pick<Envelope, 'author' | 'incarnation' | 'from'>[]): Promise<Uint8Array[]> {
    const records = await this.#components.journal.getMany(places.map((place) => KEYS.envelope(this.context.job, place)))
    return records.flatMap((record) => (record ? [envelopeBytes(record)] : []))
  }

  onEntries(listener: (entries: readonly LogEntry[]) => void): () => void {
    this.#entryListeners.add(listener)
    return () => this.#entryListeners.delete(listener)
  }

  /** Calls `listener` for each proof that was built here. */
  onProof(listener: (proof: Proof) => void): () => void {
    this.#proofListeners.add(listener)
    return () => this.#proofListeners.delete(listener)
  }

  async #check(bytes: Uint8Array): Promise<Envelope | EnvelopeRefusedError> {
    const { allow, verify, journal } = this.#components
    try {
      const envelope = decodeEnvelope(this.context, bytes)
      if (this.state.convicted.has(envelope.author)) throw new EnvelopeRefusedError('author-convicted', envelope.author)
      // The same statement was verified when it came first.
      if (this.state.log(logKey(envelope))?.has(envelope)) return envelope
      if (!allow(envelope.author)) throw new EnvelopeRefusedError('author-not-allowed', envelope.author)
      if (journal.waitingBytes > MAX_WAITING_BYTES) throw new EnvelopeRefusedError('store-behind', 'the store does not keep up')
      checkSchema(this.context, envelope)
      if (await verify(envelope.publicKey, signedBytes(this.context.job, envelope), envelope.signature)) return envelope
      throw new EnvelopeRefusedError('bad-signature', envelope.author)
    } catch (error) {
      if (error instanceof EnvelopeRefusedError) return error
      throw error
    }
  }

  #convict({ form, author, bytes }: Proof, ours: boolean): boolean {
    const proof = { form, author, bytes }
    if (!this.state.convict(proof)) return false
    this.#record(proof, ours)
    return true
  }

  #record(proof: Proof, ours: boolean): void {
    const { journal, logger } = this.#components
    logger.warn('author convicted, its entries are dropped', { jobId: this.context.jobId, author: proof.author, form: proof.form })
    journal.put(KEYS.proof(this.context.job, proof.author), proof.bytes)
    if (ours) for (const listener of this.#proofListeners) listener(proof)
    this.#tellEntries([])
  }

  #tellEntries(entries: readonly LogEntry[]): void {
    for (const listener of this.#entryListeners) {
      try {
        listener(entries)
      } catch (error) {
        this.#components.logger.error('listener of a log failed', { error: String(error) })
      }
    }
  }
}

function isEnvelope(result: Envelope | EnvelopeRefusedError): result is Envelope {
  return !(result instanceof EnvelopeRefusedError)
}

function* groups(envelopes: readonly Uint8Array[]): Generator<Uint8Array[]> {
  let group: Uint8Array[] = []
  let bytes = 0
  for (const envelope of envelopes) {
    group.push(envelope)
    bytes += envelope.length
    if (bytes < GROUP_BYTES) continue
    yield group
    group = []
    bytes = 0
  }
  if (group.length > 0) yield group
}
