import * as Y from 'yjs'
import type { LogEntry, PeerId } from '../ports.ts'
import { AuthorLog, type Segment } from './author-log.ts'
import { ByteWriter, equalBytes } from './bytes.ts'
import { decodeEnvelope, type Envelope, type JobContext, logKey } from './envelope.ts'
import { EnvelopeRefusedError } from './errors.ts'
import { domain } from './hash.ts'
import { integrateItems, keptItems } from './integrate.ts'
import type { LogLimits } from './limits.ts'
import { isExcess, type Proof, proveExcess, proveFork } from './proof.ts'
import { ROOT, type UpdateItem, yjsKey } from './update.ts'

export type Placement = 'applied' | 'known' | 'held'

/** What one `commit` did. */
export interface Commit {
  /** One for each envelope given. */
  outcomes: (Placement | EnvelopeRefusedError)[]
  /** In order of application; also those that had waited. */
  applied: Envelope[]
  /** New entries. An entry that its author has repeated in another incarnation is not in it again. */
  entries: LogEntry[]
  /** Of authors convicted by this commit. */
  proofs: Proof[]
  /** A key with two values in two logs of an author: to be proved with the older envelope's bytes. */
  contradictions: { envelope: Envelope; older: Segment }[]
}

const DIGEST_DOMAIN = domain('minga/log-digest/1')

/**
 * A Job's verified envelopes, folded into one Yjs document. Synchronous, and without I/O: whoever calls `commit` has checked form, schema
 * and signature. All decisions depend on the author's own signed log alone, so that peers that hold the same envelopes hold the same state,
 * in whatever order they came.
 */
export class LogState {
  readonly convicted = new Map<PeerId, Proof>()
  readonly #context: JobContext
  #limits: LogLimits
  readonly #doc = new Y.Doc()
  readonly #map: Y.Map<Uint8Array> = this.#doc.getMap(ROOT)
  readonly #logs = new Map<string, AuthorLog>()
  readonly #byAuthor = new Map<PeerId, AuthorLog[]>()
  readonly #byClient = new Map<number, AuthorLog>()
  #bytes = 0
  #heldBytes = 0
  #digest: Uint8Array | undefined

  constructor(context: JobContext, limits: LogLimits) {
    this.#context = context
    this.#limits = limits
  }

  /** The logs of authors that are not convicted. */
  logs(): Iterable<AuthorLog> {
    return this.#logs.values()
  }

  log(id: string): AuthorLog | undefined {
    return this.#logs.get(id)
  }

  /** The value of an author's key, convicted or not. */
  value(author: PeerId, key: string): Uint8Array | undefined {
    return this.#map.get(yjsKey(key, author))
  }

  *entries(): Generator<LogEntry> {
    for (const log of this.#logs.values()) yield* log.entries
  }

  /** 16 bytes, the same at two peers that hold the same logs and have convicted the same authors. */
  digest(): Uint8Array {
    this.#digest ??= this.#computeDigest()
    return this.#digest
  }

  /** Applies what continues a log, keeps what comes too early, refuses the rest. */
  commit(envelopes: readonly Envelope[], { unbounded = false } = {}): Commit {
    const commit: Commit = { outcomes: [], applied: [], entries: [], proofs: [], contradictions: [] }
    const place = (transaction: Y.Transaction) => {
      for (const envelope of envelopes) commit.outcomes.push(this.#tryPlace(envelope, commit, transaction, unbounded))
    }
    Y.transact(this.#doc, place, null, false)
    if (commit.applied.length > 0) this.#digest = undefined
    return commit
  }

  /** Whether one more envelope would pass the author's quota; `next` is where it would end. */
  wouldExceed(author: PeerId, id: string, next: { to: number; totalBytes: number }): boolean {
    return isExcess([...this.#headsOf(author, id), next], this.#limits)
  }

  /** Holds to these limits from now on; gives the proofs against authors that are above them. */
  bound(limits: LogLimits): Proof[] {
    this.#limits = limits
    const heads = [...this.#byAuthor.keys()].map((author) => this.#headsOf(author))
    return heads.filter((of) => isExcess(of, limits)).map(proveExcess)
  }

  /** Drops the author's entries from view, for good. */
  convict(proof: Proof): boolean {
    if (this.convicted.has(proof.author)) return false
    this.convicted.set(proof.author, proof)
    for (const log of this.#byAuthor.get(proof.author) ?? []) {
      for (const held of log.held.values()) this.#heldBytes -= held.bytes.length
      this.#logs.delete(log.id)
    }
    this.#byAuthor.delete(proof.author)
    this.#digest = undefined
    return true
  }

  destroy(): void {
    this.#doc.destroy()
  }

  #tryPlace(envelope: Envelope, commit: Commit, transaction: Y.Transaction, unbounded: boolean): Placement | EnvelopeRefusedError {
    try {
      return this.#place(envelope, commit, transaction, unbounded)
    } catch (error) {
      if (error instanceof EnvelopeRefusedError) return error
      throw error
    }
  }

  #place(envelope: Envelope, commit: Commit, transaction: Y.Transaction, unbounded: boolean): Placement {
    const { author } = envelope
    if (this.convicted.has(author)) throw new EnvelopeRefusedError('author-convicted', author)
    const id = logKey(envelope)
    const known = this.#logs.get(id)
    if (known?.has(envelope)) return 'known'
    this.#refuseMisconduct(envelope, known, commit)
    if (this.#bytes + envelope.update.length > this.#limits.maxJobBytes)
      throw new EnvelopeRefusedError('log-full', 'the Job has all bytes it may')
    const log = known ?? this.#openLog(envelope)
    if (envelope.from > log.head) return this.#hold(log, envelope, unbounded)
    this.#apply(log, envelope, commit, transaction)
    this.#applyHeld(log, commit, transaction)
    return 'applied'
  }

  #refuseMisconduct(envelope: Envelope, log: AuthorLog | undefined, commit: Commit): void {
    const other = log?.conflictWith(envelope)
    const heads = this.#headsOf(envelope.author, logKey(envelope))
    const proof = other
      ? proveFork(other, envelope)
      : isExcess([...heads, envelope], this.#limits)
        ? proveExcess([...heads, envelope])
        : undefined
    if (proof === undefined) return
    this.convict(proof)
    commit.proofs.push(proof)
    throw new EnvelopeRefusedError('author-convicted', `${proof.form} of ${proof.author}`)
  }

  /** The furthest statement of each of the author's logs but `except`. */
  #headsOf(author: PeerId, except?: string) {
    const others = (this.#byAuthor.get(author) ?? []).filter((log) => log.id !== except)
    return others.map((log) => log.segments.at(-1) ?? log.held.values().next().value!)
  }

  #openLog(envelope: Envelope): AuthorLog {
    if (this.#byClient.has(envelope.clientId)) throw new EnvelopeRefusedError('client-collision', 'another log has the clientID')
    const siblings = this.#byAuthor.get(envelope.author)
    if (!siblings && this.#byAuthor.size + this.convicted.size >= this.#limits.maxAuthors) {
      throw new EnvelopeRefusedError('log-full', 'the Job has all authors it may')
    }
    const log = new AuthorLog(envelope)
    this.#logs.set(log.id, log)
    this.#byClient.set(log.clientId, log)
    if (siblings) siblings.push(log)
    else this.#byAuthor.set(log.author, [log])
    return log
  }

  #hold(log: AuthorLog, envelope: Envelope, unbounded: boolean): Placement {
    const full = log.held.size >= this.#limits.maxHeldPerLog || this.#heldBytes + envelope.bytes.length > this.#limits.maxHeldBytes
    if (full && !unbounded) {
      this.#dropIfEmpty(log)
      throw new EnvelopeRefusedError('held-full', 'too much waits for earlier envelopes')
    }
    // A copy, so that it does not keep the frame alive that it came in.
    log.held.set(envelope.from, decodeEnvelope(this.#context, envelope.bytes.slice()))
    this.#heldBytes += envelope.bytes.length
    return 'held'
  }

  #applyHeld(log: AuthorLog, commit: Commit, transaction: Y.Transaction): void {
    for (let next = log.held.get(log.head); next !== undefined; next = log.held.get(log.head)) {
      log.held.delete(next.from)
      this.#heldBytes -= next.bytes.length
      try {
        this.#apply(log, next, commit, transaction)
      } catch (error) {
        if (error instanceof EnvelopeRefusedError) return
        throw error
      }
    }
  }

  #apply(log: AuthorLog, envelope: Envelope, commit: Commit, transaction: Y.Transaction): void {
    try {
      if (envelope.totalBytes !== log.totalBytes + envelope.update.length) {
        throw new EnvelopeRefusedError('wrong-total', `expected ${log.totalBytes + envelope.update.length}, found ${envelope.totalBytes}`)
      }
      const items = keptItems(envelope)
      const fresh = this.#freshItems(log, envelope, items, commit)
      integrateItems(transaction, this.#map, envelope, items)
      log.push(envelope, this.#context.sha256)
      this.#bytes += envelope.update.length
      commit.applied.push(envelope)
      for (const { key, value } of fresh) {
        const entry = { author: log.author, key, value }
        log.entries.push(entry)
        commit.entries.push(entry)
      }
    } catch (error) {
      this.#dropIfEmpty(log)
      throw error
    }
  }

  /** Those whose key the author has not written yet. A key in this very log, or with another value, makes the envelope refused. */
  #freshItems(log: AuthorLog, envelope: Envelope, items: readonly UpdateItem[], commit: Commit): UpdateItem[] {
    const fresh: UpdateItem[] = []
    for (const entry of items) {
      const { key, yjsKey, value } = entry
      const item = this.#map._map.get(yjsKey)
      if (item === undefined) {
        fresh.push(entry)
        continue
      }
      const older = this.#byClient.get(item.id.client)
      if (older === undefined || older === log) throw new EnvelopeRefusedError('key-exists', key)
      if (equalBytes(this.#map.get(yjsKey)!, value)) continue
      commit.contradictions.push({ envelope, older: older.segments[older.indexAt(item.id.clock)]! })
      throw new EnvelopeRefusedError('key-exists', key)
    }
    return fresh
  }

  #dropIfEmpty(log: AuthorLog): void {
    if (log.segments.length > 0 || log.held.size > 0) return
    this.#logs.delete(log.id)
    this.#byClient.delete(log.clientId)
    const siblings = (this.#byAuthor.get(log.author) ?? []).filter((other) => other !== log)
    if (siblings.length > 0) this.#byAuthor.set(log.author, siblings)
    else this.#byAuthor.delete(log.author)
  }

  #computeDigest(): Uint8Array {
    const writer = new ByteWriter(4096).raw(DIGEST_DOMAIN)
    const logs = [...this.#logs.values()].filter((log) => log.head > 0).sort((a, b) => (a.id < b.id ? -1 : 1))
    for (const log of logs) writer.ascii(log.id).u64(log.head).raw(log.chain)
    for (const author of [...this.convicted.keys()].sort()) writer.ascii(author)
    return this.#context.sha256(writer.done()).slice(0, 16)
  }
}
