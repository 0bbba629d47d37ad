import type { Clock, Signer } from '../ports.ts'
import { equalBytes, isPrintable } from './bytes.ts'
import { type Envelope, logKey, sealEnvelope } from './envelope.ts'
import {
  AuthorConvictedError,
  LogClosedError,
  LogKeyInvalidError,
  LogKeyTakenError,
  LogQuotaError,
  LogUnwritableError,
  LogValueTooLargeError,
} from './errors.ts'
import type { JobCore } from './job-core.ts'
import type { Journal } from './journal.ts'
import { BATCH_BYTES, BATCH_ENTRIES, BATCH_MS, MAX_KEY_BYTES, MAX_VALUE_BYTES } from './limits.ts'
import { nextTurn } from './next-turn.ts'
import { encodeRecord, KEYS } from './record.ts'
import type { UpdateEntry } from './update.ts'

/** Appends of so many bytes go into one write to the store; a single larger append is still one write, all or nothing. */
const WRITE_BYTES = 4 * 2 ** 20
/** Envelopes sealed between two turns of the event loop: 2 ms. */
const SEAL_AT_ONCE = 16

export interface OwnLogComponents {
  core: JobCore
  journal: Journal
  signer: Signer
  clock: Clock
  /** Nothing is signed before this resolves; it does not reject. */
  ready: Promise<void>
  /** Called with envelopes that are durable here. */
  publish: (envelopes: readonly Envelope[]) => void
}

interface Append {
  entries: readonly UpdateEntry[]
  resolve(): void
  reject(error: unknown): void
}

/**
 * This peer's side of a Job's log. The first append after a pause goes out at once, those that follow within BATCH_MS together. An envelope
 * is durable here before anybody hears of it, and each opening writes under a new incarnation, so this peer never forks its own history.
 */
export class OwnLog {
  readonly #components: OwnLogComponents
  readonly #closed = new AbortController()
  #incarnation = randomIncarnation()
  #queue: Append[] = []
  #running: Promise<void> | undefined
  #lastFlushMs = Number.NEGATIVE_INFINITY

  constructor(components: OwnLogComponents) {
    this.#components = components
  }

  /** Rejects as JobLog.append does. */
  append(entries: readonly UpdateEntry[]): Promise<void> {
    const { jobId } = this.#components.core.context
    if (this.#closed.signal.aborted) return Promise.reject(new LogClosedError(jobId))
    try {
      for (const entry of entries) this.#check(entry)
    } catch (error) {
      return Promise.reject(error)
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    // Copied: what the caller does with its bytes later must not change what is signed.
    this.#queue.push({ entries: entries.map(({ key, value }) => ({ key, value: value.slice() })), resolve, reject })
    this.#running ??= this.#run()
    return promise
  }

  /** Writes what was appended, then takes nothing more. */
  async close(): Promise<void> {
    this.#closed.abort()
    await this.#running
  }

  #check({ key, value }: UpdateEntry): void {
    const { context } = this.#components.core
    const printable = [...key].every((char) => char.length === 1 && isPrintable(char.charCodeAt(0)))
    if (!printable || key.length < 1 || key.length > MAX_KEY_BYTES) throw new LogKeyInvalidError(key, MAX_KEY_BYTES)
    if (value.length > MAX_VALUE_BYTES) throw new LogValueTooLargeError(key, value.length, MAX_VALUE_BYTES)
    context.schema(context.jobId, this.#components.signer.peer, key, value)
  }

  async #run(): Promise<void> {
    const { clock, ready } = this.#components
    await ready
    while (this.#queue.length > 0) {
      const waitMs = Math.max(0, this.#lastFlushMs + BATCH_MS - clock.nowMs())
      await clock.sleep(waitMs, { signal: this.#closed.signal }).catch(() => {})
      this.#lastFlushMs = clock.nowMs()
      await this.#flush(this.#take())
    }
    // In the turn of the last look: what comes later must start a new run.
    this.#running = undefined
  }

  #take(): Append[] {
    let bytes = 0
    let count = 0
    for (; count < this.#queue.length && bytes < WRITE_BYTES; count++) {
      for (const { value } of this.#queue[count]!.entries) bytes += value.length
    }
    return this.#queue.splice(0, count)
  }

  async #flush(appends: Append[]): Promise<void> {
    const fresh = new Map<string, UpdateEntry>()
    const accepted = appends.filter((append) => this.#admit(append, fresh))
    try {
      const envelopes = await this.#seal([...fresh.values()])
      await this.#write(envelopes)
      for (const { resolve } of accepted) resolve()
    } catch (error) {
      for (const { reject } of accepted) reject(error)
    }
  }

  /** Adds the append's new entries to `fresh`; false where it was rejected. An entry that is there already is no error. */
  #admit({ entries, reject }: Append, fresh: Map<string, UpdateEntry>): boolean {
    const { core, signer } = this.#components
    const added: UpdateEntry[] = []
    for (const entry of entries) {
      const present =
        fresh.get(entry.key)?.value ?? added.find(({ key }) => key === entry.key)?.value ?? core.state.value(signer.peer, entry.key)
      if (present === undefined) added.push(entry)
      else if (!equalBytes(present, entry.value)) {
        reject(new LogKeyTakenError(entry.key))
        return false
      }
    }
    for (const entry of added) fresh.set(entry.key, entry)
    return true
  }

  async #seal(entries: UpdateEntry[]): Promise<Envelope[]> {
    const { core, signer } = this.#components
    const id = logKey({ author: signer.peer, incarnation: this.#incarnation })
    const log = core.state.log(id)
    let [from, totalBytes] = [log?.head ?? 0, log?.totalBytes ?? 0]
    const envelopes: Envelope[] = []
    for (const batch of batches(entries)) {
      if (envelopes.length % SEAL_AT_ONCE === SEAL_AT_ONCE - 1) await nextTurn()
      const envelope = await sealEnvelope(core.context, signer, { incarnation: this.#incarnation, from, totalBytes }, batch)
      envelopes.push(envelope)
      ;[from, totalBytes] = [envelope.to, envelope.totalBytes]
    }
    if (envelopes.length > 0 && core.state.wouldExceed(signer.peer, id, { to: from, totalBytes })) {
      throw new LogQuotaError(core.context.jobId, `it would have ${from} entries of ${totalBytes} bytes since it was opened`)
    }
    return envelopes
  }

  async #write(envelopes: Envelope[]): Promise<void> {
    const { core, journal, signer, publish } = this.#components
    const { job, jobId, sha256 } = core.context
    if (core.state.convicted.has(signer.peer)) throw new AuthorConvictedError(jobId, signer.peer)
    if (envelopes.length === 0) return
    try {
      await journal.commit(envelopes.map((envelope) => ({ key: KEYS.envelope(job, envelope), value: encodeRecord(envelope, sha256) })))
    } catch (error) {
      // What failed may be on the disk all the same: nothing else may be signed for the same clocks.
      if (error instanceof LogUnwritableError) this.#incarnation = randomIncarnation()
      throw error
    }
    const { outcomes } = await core.commit(envelopes, { stored: true })
    if (outcomes.some((outcome) => outcome !== 'applied')) throw new AuthorConvictedError(jobId, signer.peer)
    publish(envelopes)
  }
}

function* batches(entries: readonly UpdateEntry[]): Generator<UpdateEntry[]> {
  let batch: UpdateEntry[] = []
  let bytes = 0
  for (const entry of entries) {
    const size = entry.key.length + entry.value.length
    if (batch.length > 0 && (batch.length >= BATCH_ENTRIES || bytes + size > BATCH_BYTES)) {
      yield batch
      batch = []
      bytes = 0
    }
    batch.push(entry)
    bytes += size
  }
  if (batch.length > 0) yield batch
}

/** 48 random bits: two starts of one author never meet, also where its disk or its clock was set back. */
function randomIncarnation(): number {
  const [high, low] = crypto.getRandomValues(new Uint32Array(2))
  return (high! >>> 16) * 2 ** 32 + low!
}
