import type { PeerId, VerifySignature } from '../ports.ts'
import { ByteReader, ByteWriter, equalBytes } from './bytes.ts'
import {
  decodeEnvelope,
  decodeStatement,
  type Envelope,
  encodeStatement,
  type JobContext,
  type Statement,
  signedBytes,
} from './envelope.ts'
import { EnvelopeRefusedError } from './errors.ts'
import type { LogLimits } from './limits.ts'

/**
 * What an author signed that no honest author signs. Each form convicts it in the eyes of every peer, whatever that peer has seen; so all
 * views drop the same authors. On the wire: form 1 · count · (length · item)…
 */
const FORMS = {
  /** Two statements of one incarnation whose clocks overlap, and that differ: two histories. */
  fork: 1,
  /** Statements of distinct incarnations that together pass an author's quota. */
  excess: 2,
  /** Two envelopes with two values under one key. */
  contradiction: 3,
} as const

export interface Proof {
  form: keyof typeof FORMS
  author: PeerId
  bytes: Uint8Array
}

export function proveFork(a: Statement, b: Statement): Proof {
  return prove('fork', a.author, [encodeStatement(a), encodeStatement(b)])
}

export function proveExcess(statements: readonly Statement[]): Proof {
  return prove('excess', statements[0]!.author, statements.map(encodeStatement))
}

export function proveContradiction(author: PeerId, a: Uint8Array, b: Uint8Array): Proof {
  return prove('contradiction', author, [a, b])
}

/** True where no author may have signed both: they overlap in one log and are not the same. */
export function areFork(a: Statement, b: Statement): boolean {
  return a.author === b.author && a.incarnation === b.incarnation && a.from < b.to && b.from < a.to && !sameStatement(a, b)
}

/** True where two statements of one log say the same; their signatures may differ. */
export function sameStatement(a: Statement, b: Statement): boolean {
  return a.from === b.from && a.to === b.to && a.totalBytes === b.totalBytes && equalBytes(a.updateHash, b.updateHash)
}

/** True where the heads of an author's logs pass its quota together. */
export function isExcess(heads: readonly Pick<Statement, 'to' | 'totalBytes'>[], limits: LogLimits): boolean {
  const entries = heads.reduce((sum, { to }) => sum + to, 0)
  const bytes = heads.reduce((sum, { totalBytes }) => sum + totalBytes, 0)
  return entries > limits.maxAuthorEntries || bytes > limits.maxAuthorBytes || heads.length > limits.maxIncarnations
}

/** A proof whose form holds; its signatures are another matter. */
export interface Charge extends Proof {
  statements: readonly Statement[]
}

/** Reads a proof without a look at the signatures. Throws EnvelopeRefusedError where it would prove nothing even with good ones. */
export function decodeProof(context: JobContext, limits: LogLimits, bytes: Uint8Array): Charge {
  const reader = new ByteReader(bytes)
  const form = formOf(reader.u8())
  const count = reader.varUint()
  if (count < 1 || count > limits.maxIncarnations + 1) throw noProof('the count of its items is out of bounds')
  const items = Array.from({ length: count }, () => reader.varBytes())
  reader.end()
  const statements = form === 'contradiction' ? items.map((item) => decodeEnvelope(context, item)) : items.map(decodeStatement)
  const author = statements[0]!.author
  if (statements.some((statement) => statement.author !== author)) throw noProof('it speaks of two authors')
  if (!convicts(form, statements, limits)) throw noProof('an honest author may sign this')
  return { form, author, bytes, statements }
}

/** A charge of excess that these limits do not bear out, and smaller ones may; undefined for any other. Throws as `decodeProof` does. */
export function earlyCharge(context: JobContext, limits: LogLimits, bytes: Uint8Array): Charge | undefined {
  if (bytes[0] !== FORMS.excess) return undefined
  const charge = decodeProof(context, { ...limits, maxAuthorEntries: 0 }, bytes)
  return isExcess(charge.statements, limits) ? undefined : charge
}

/** Throws EnvelopeRefusedError where a statement of the proof is not signed by its author. */
export async function verifyProof({ job }: JobContext, verify: VerifySignature, { statements }: Charge): Promise<void> {
  for (const statement of statements) {
    if (!(await verify(statement.publicKey, signedBytes(job, statement), statement.signature))) {
      throw new EnvelopeRefusedError('bad-signature', 'a statement of a proof is not signed by its author')
    }
  }
}

function formOf(tag: number): Proof['form'] {
  if (tag === FORMS.fork) return 'fork'
  if (tag === FORMS.excess) return 'excess'
  if (tag === FORMS.contradiction) return 'contradiction'
  throw noProof('its form is unknown')
}

function convicts(form: Proof['form'], statements: readonly Statement[], limits: LogLimits): boolean {
  if (form === 'excess') {
    return new Set(statements.map(({ incarnation }) => incarnation)).size === statements.length && isExcess(statements, limits)
  }
  const [a, b] = statements
  if (statements.length !== 2 || a === undefined || b === undefined) return false
  return form === 'fork' ? areFork(a, b) : contradict(a as Envelope, b as Envelope)
}

function contradict(a: Envelope, b: Envelope): boolean {
  const values = new Map(a.entries.map(({ key, value }) => [key, value]))
  return b.entries.some(({ key, value }) => {
    const other = values.get(key)
    return other !== undefined && !equalBytes(other, value)
  })
}

function prove(form: Proof['form'], author: PeerId, items: readonly Uint8Array[]): Proof {
  const writer = new ByteWriter(items.reduce((sum, item) => sum + item.length + 5, 8)).u8(FORMS[form]).varUint(items.length)
  for (const item of items) writer.varBytes(item)
  return { form, author, bytes: writer.done() }
}

function noProof(what: string): EnvelopeRefusedError {
  return new EnvelopeRefusedError('no-proof', what)
}
