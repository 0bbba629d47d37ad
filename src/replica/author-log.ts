import type { LogEntry, PeerId } from '../ports.ts'
import { type Envelope, logKey, type Statement } from './envelope.ts'
import type { Sha256 } from './hash.ts'
import { areFork, sameStatement } from './proof.ts'

/** Chain hashes are compared between peers, never signed: 16 bytes tell two histories apart. */
export const CHAIN_BYTES = 16

/** One applied envelope, without its update. */
export interface Segment extends Statement {
  /** Hash over all update hashes up to and with this one: equal chains at a clock mean equal logs up to it. */
  chain: Uint8Array
}

const NO_CHAIN = new Uint8Array(CHAIN_BYTES)

/** The log of one incarnation of one author: the applied segments in order, and envelopes that wait for an earlier one. */
export class AuthorLog {
  readonly id: string
  readonly publicKey: Uint8Array
  readonly author: PeerId
  readonly incarnation: number
  readonly clientId: number
  readonly entries: LogEntry[] = []
  readonly segments: Segment[] = []
  /** By their `from`. */
  readonly held = new Map<number, Envelope>()

  constructor({ publicKey, author, incarnation, clientId }: Pick<Envelope, 'publicKey' | 'author' | 'incarnation' | 'clientId'>) {
    this.id = logKey({ author, incarnation })
    this.publicKey = publicKey.slice()
    this.author = author
    this.incarnation = incarnation
    this.clientId = clientId
  }

  /** The clock that the next envelope starts at. */
  get head(): number {
    return this.segments.at(-1)?.to ?? 0
  }

  get totalBytes(): number {
    return this.segments.at(-1)?.totalBytes ?? 0
  }

  get chain(): Uint8Array {
    return this.segments.at(-1)?.chain ?? NO_CHAIN
  }

  push(envelope: Envelope, sha256: Sha256): void {
    const { author, incarnation, from, to, totalBytes } = envelope
    const link = new Uint8Array(CHAIN_BYTES + envelope.updateHash.length)
    link.set(this.chain)
    link.set(envelope.updateHash, CHAIN_BYTES)
    const chain = sha256(link).slice(0, CHAIN_BYTES)
    // Slices, so that a segment does not keep the frame alive that it came in.
    const updateHash = envelope.updateHash.slice()
    this.segments.push({
      publicKey: this.publicKey,
      author,
      incarnation,
      from,
      to,
      totalBytes,
      updateHash,
      signature: envelope.signature.slice(),
      chain,
    })
  }

  /** The index of the segment that holds `clock`, or of the first one beyond it; `segments.length` at and after the head. */
  indexAt(clock: number): number {
    let low = 0
    let high = this.segments.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.segments[middle]!.to <= clock) low = middle + 1
      else high = middle
    }
    return low
  }

  /** The chain at `clock` where a segment ends there; undefined where none does. */
  chainAt(clock: number): Uint8Array | undefined {
    if (clock === 0) return NO_CHAIN
    const segment = this.segments[this.indexAt(clock) - 1]
    return segment?.to === clock ? segment.chain : undefined
  }

  /** An applied or held statement that nobody may have signed together with `statement`. */
  conflictWith(statement: Statement): Statement | undefined {
    for (let i = this.indexAt(statement.from); i < this.segments.length && this.segments[i]!.from < statement.to; i++) {
      if (areFork(this.segments[i]!, statement)) return this.segments[i]
    }
    for (const envelope of this.held.values()) if (areFork(envelope, statement)) return envelope
    return undefined
  }

  has(statement: Statement): boolean {
    const known = this.segments[this.indexAt(statement.from)] ?? this.held.get(statement.from)
    return known !== undefined && sameStatement(known, statement)
  }
}
