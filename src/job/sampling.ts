import { poseidon3 } from 'poseidon-lite/poseidon3'
import { bytesToHex, hashOf, uint32, utf8ToBytes } from './bytes.ts'
import { bytesToField, FIELD_ORDER, hexToField } from './field.ts'

/** 32-bit words that one field element of 254 bits gives without bias worth naming (2⁻³⁰). */
const WORDS_PER_ELEMENT = 7
const WORD_MASK = 0xffff_ffffn

export interface Challenge {
  seed: string
  root: Uint8Array
  beacon: Uint8Array
}

/** One field element that nobody could know before root and beacon stood. */
export function challengeOf({ seed, root, beacon }: Challenge): bigint {
  return poseidon3([hexToField(seed), bytesToField(root), bytesToField(beacon)])
}

/**
 * Which block of each of the `microJobs` MicroJobs of MacroJob `macro` is run again. The generator's seed is the Job's seed + the MacroJob's index
 * (seeds/001 "MacroJob Processing" 4), joined with the challenge.
 */
export function sampledBlocks(seed: string, macro: number, challenge: bigint, microJobs: number, blocks: number): number[] {
  const generator = (hexToField(seed) + BigInt(macro)) % FIELD_ORDER
  const sampled: number[] = []
  for (let element = 0; sampled.length < microJobs; element++) {
    let random = poseidon3([generator, challenge, BigInt(element)])
    for (let word = 0; word < WORDS_PER_ELEMENT && sampled.length < microJobs; word++) {
      sampled.push(Number((random & WORD_MASK) % BigInt(blocks)))
      random >>= 32n
    }
  }
  return sampled
}

/** The peers in the order in which they may validate MacroJob `macro`: a cheat cannot pick its own validator. */
export function rankPeers(challenge: bigint, macro: number, peers: readonly string[]): string[] {
  const text = utf8ToBytes(challenge.toString(16))
  const keyed = peers.map((peer) => ({ peer, key: bytesToHex(hashOf('rank', text, uint32(macro), utf8ToBytes(peer))) }))
  return keyed.sort((a, b) => (a.key < b.key ? -1 : 1)).map(({ peer }) => peer)
}
