import { concatBytes, equalBytes, hashOf, uint32, utf8ToBytes } from './bytes.ts'
import { MAX_ATTEMPTS, type RecordOf } from './records.ts'

/**
 * The peers' own beacon, for Jobs without a chain: the hash of nonces that all picked authors committed to before the root and open after it.
 * An author's nonces for the attempts of a chunk form a hash chain opened from its far end, so that attempt a + 1 is still unknown to
 * everybody when attempt a was spoilt by somebody who withheld: a redone commit cannot be chosen to steer the next draw.
 */

const step = (link: Uint8Array) => hashOf('nonce', link)

function chain(secret: Uint8Array, chunk: number, steps: number): Uint8Array {
  let link = hashOf('nonce-secret', secret, uint32(chunk))
  for (let i = 0; i < steps; i++) link = step(link)
  return link
}

/** What an author commits to: the head of its chain for `chunk`, from its 32 secret bytes for this Job. */
export function chainHead(secret: Uint8Array, chunk: number): Uint8Array {
  return chain(secret, chunk, MAX_ATTEMPTS)
}

/** The nonce that opens `attempt` (0-based). */
export function nonceAt(secret: Uint8Array, chunk: number, attempt: number): Uint8Array {
  return chain(secret, chunk, MAX_ATTEMPTS - 1 - attempt)
}

/** True where `nonce` is the one of `attempt` in the chain that ends in `head`. */
export function opensChain(head: Uint8Array, attempt: number, nonce: Uint8Array): boolean {
  let link = nonce
  for (let i = 0; i <= attempt; i++) link = step(link)
  return equalBytes(link, head)
}

/** The root that a root record stands for: over every picked commit, in order, and the members who may validate. */
export function rootOf(jobId: string, record: RecordOf<'root'>, commits: readonly Uint8Array[]): Uint8Array {
  const { chunk, attempt, members, authors, picks } = record
  const picked = picks.map(({ macro, by }) => concatBytes(uint32(macro), ...by.map((index) => uint32(index))))
  const names = [...members, '', ...authors].map((name) => utf8ToBytes(name))
  return hashOf('root', utf8ToBytes(jobId), uint32(chunk), uint32(attempt), ...names, ...picked, ...commits)
}

/** The beacon of a fixed root: the nonces in the order of the authors' list. */
export function beaconOf(root: Uint8Array, nonces: readonly Uint8Array[]): Uint8Array {
  return hashOf('beacon', root, ...nonces)
}
