import type { JobInfo } from './info.ts'
import { isPaid } from './payment.ts'
import { MAX_ATTEMPTS } from './records.ts'
import type { JobView } from './view.ts'
import { attemptKey, chunkOfKey, touchAll, touchChunk } from './view.ts'

/** One attempt of a chunk as the chain has it. */
export interface EscrowAttempt {
  root: bigint
  /** 64 hexadecimal digits: digest of the proposal that the root stands for. */
  proposal: string
  /** Undefined until it is pinned. */
  beacon: bigint | undefined
}

/**
 * A wallet's bond: `bonded`, it is as large as the Job asks for; `leaving`, it was asked back and can still be taken, so that what the wallet signs counts and it begins nothing;
 * `gone`, it has less at stake than the Job asks for, and the escrow takes its word no more.
 */
export type StakeState = 'bonded' | 'leaving' | 'gone'

/** What a peer has read of a Job's escrow; it enters the fold beside the records. */
export interface EscrowFacts {
  /** `absent` where no escrow exists that fits the Job. */
  state: 'absent' | 'open' | 'working' | 'settled' | 'cancelled' | 'refunded'
  /** By `chunk/attempt`. */
  attempts: ReadonlyMap<string, EscrowAttempt>
  /** By chunk: bit i is set where its i-th MacroJob has been paid. */
  settled: ReadonlyMap<number, bigint>
  /** By wallet in small digits; of a wallet that is not there nothing was read yet. */
  stakes: ReadonlyMap<string, StakeState>
  /** By the chain's time its deadline is so near that what is not agreed by now can hardly be paid (SETTLING_SECONDS). */
  closing: boolean
  /** By the chain's time its deadline has passed: it pays nothing more, and gives back what it holds. */
  expired: boolean
}

/**
 * What a settlement takes at most: a proof 5 s on a quiet machine and half a minute on a busy one (docs/BENCHMARKS.md, 8), its transaction some blocks of
 * 12 s, and all that once more where the first to try it fails.
 */
export const SETTLING_SECONDS = 120

/** A paid Job that ends sooner is not begun: as long as settling takes is left for the work. */
export const LEAST_LEFT_SECONDS = 2 * SETTLING_SECONDS

/** The facts that follow from the chain's time, `timestamp` of its last block; both in seconds since 1970. */
export function timeFacts(timestamp: number, deadline: number): Pick<EscrowFacts, 'closing' | 'expired'> {
  return { closing: timestamp > deadline - SETTLING_SECONDS, expired: timestamp > deadline }
}

/**
 * Puts what the chain says now into the view; false where nothing has changed. A chunk is folded (chunk.ts) from the log, its own roots and payments, and
 * whose word the escrow takes; the escrow's state and the chain's time say what is to be done next, and nothing of what was agreed.
 */
export function applyEscrowFacts(view: JobView, facts: EscrowFacts): boolean {
  if (view.escrow !== undefined && sameFacts(view.escrow, facts)) return false
  const before = view.escrow ?? NOTHING_READ
  view.escrow = facts
  view.version++
  if (!sameTrust(before, facts)) touchAll(view)
  else for (const chunk of changedChunks(before, facts)) touchChunk(view, chunk)
  return true
}

export function escrowAttempt({ escrow }: JobView, chunk: number, attempt: number): EscrowAttempt | undefined {
  return escrow?.attempts.get(attemptKey(chunk, attempt))
}

/** True where the escrow has paid MacroJob number `index` of the chunk. */
export function isSettled({ escrow }: JobView, chunk: number, index: number): boolean {
  return (((escrow?.settled.get(chunk) ?? 0n) >> BigInt(index)) & 1n) === 1n
}

/** True where the escrow takes and pays nothing more. */
export function isEscrowClosed({ escrow }: JobView): boolean {
  return escrow !== undefined && ['settled', 'cancelled', 'refunded'].includes(escrow.state)
}

/** True where the chain takes no root for this attempt any more, since it has one of a later attempt. */
export function isOvertaken({ escrow }: JobView, chunk: number, attempt: number): boolean {
  if (escrow === undefined) return false
  for (let later = attempt + 1; later < MAX_ATTEMPTS; later++) if (escrow.attempts.has(attemptKey(chunk, later))) return true
  return false
}

/** What the chain says of the bond of a peer that has joined; undefined where nothing was read yet. */
export function stakeOf({ escrow, peers }: JobView, peer: string): StakeState | undefined {
  return escrow?.stakes.get(peers.get(peer)?.wallet.toLowerCase() ?? '')
}

/** True for a peer that may be counted on where something new begins: that the chain knows a bond of, where one is asked for. */
export function hasStake(view: JobView, info: JobInfo, peer: string): boolean {
  const stake = isPaid(info) ? stakeOf(view, peer) : 'bonded'
  return stake === 'bonded' || stake === 'leaving'
}

/** Peers that the escrow takes no word of. */
export function withoutStake(view: JobView): Set<string> {
  if (view.escrow === undefined || view.escrow.stakes.size === 0) return new Set()
  return new Set([...view.peers.keys()].filter((peer) => stakeOf(view, peer) === 'gone'))
}

function sameFacts(a: EscrowFacts, b: EscrowFacts): boolean {
  if (a.stakes.size !== b.stakes.size) return false
  for (const [wallet, stake] of a.stakes) if (b.stakes.get(wallet) !== stake) return false
  if (a.state !== b.state || a.closing !== b.closing || a.expired !== b.expired) return false
  if (a.attempts.size !== b.attempts.size || a.settled.size !== b.settled.size) return false
  for (const [chunk, bits] of a.settled) if (b.settled.get(chunk) !== bits) return false
  for (const [key, attempt] of a.attempts) if (!sameAttempt(attempt, b.attempts.get(key))) return false
  return true
}

function sameAttempt(a: EscrowAttempt | undefined, b: EscrowAttempt | undefined): boolean {
  return a?.root === b?.root && a?.proposal === b?.proposal && a?.beacon === b?.beacon
}

const NOTHING_READ: Pick<EscrowFacts, 'attempts' | 'settled' | 'stakes'> = { attempts: new Map(), settled: new Map(), stakes: new Map() }

/** False where a wallet is trusted less, or more: who is not read yet is trusted like one that has its bond. */
function sameTrust({ stakes: a }: Pick<EscrowFacts, 'stakes'>, { stakes: b }: Pick<EscrowFacts, 'stakes'>): boolean {
  const trustIn = (stake: StakeState | undefined) => stake ?? 'bonded'
  return [...a.keys(), ...b.keys()].every((wallet) => trustIn(a.get(wallet)) === trustIn(b.get(wallet)))
}

/** Chunks with other roots, beacons or payments than before. */
function changedChunks(a: Pick<EscrowFacts, 'attempts' | 'settled'>, b: Pick<EscrowFacts, 'attempts' | 'settled'>): Set<number> {
  const keys = [...a.attempts.keys(), ...b.attempts.keys()].filter((key) => !sameAttempt(a.attempts.get(key), b.attempts.get(key)))
  const paid = [...a.settled.keys(), ...b.settled.keys()].filter((chunk) => (a.settled.get(chunk) ?? 0n) !== (b.settled.get(chunk) ?? 0n))
  return new Set([...keys.map(chunkOfKey), ...paid])
}
