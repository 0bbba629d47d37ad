import { poseidon2 } from 'poseidon-lite/poseidon2'
import { poseidon3 } from 'poseidon-lite/poseidon3'
import { fieldToHex } from '../field.ts'
import { sampledBlocks } from '../sampling.ts'
import { fieldElement } from './hashes.ts'

const WORDS_PER_ELEMENT = 7
const WORD_MASK = 0xffff_ffffn
/** Keeps the words that draw MicroJobs apart from whatever else is hashed from the challenge. */
const PICK_DOMAIN = 1n << 32n

/** What the proof opens of one MacroJob. */
export interface Drawn {
  micro: number
  block: number
}

export interface DrawInit {
  seed: bigint
  challenge: bigint
  /** Index in the Job of the chunk's first MacroJob. */
  firstMacro: number
  macroJobs: number
  microJobs: number
  blocks: number
}

/** The challenge of a paid Job: as `challengeOf`, with root and beacon as the field elements that the contract holds. */
export function settlementChallenge(seed: bigint, root: bigint, beacon: bigint): bigint {
  return poseidon3([fieldElement('seed', seed), fieldElement('root', root), fieldElement('beacon', beacon)])
}

/**
 * The MicroJob of each MacroJob whose opening the proof shows, and its block. The block is the one that `sampledBlocks` names for that MicroJob,
 * so that it is among those that the validator ran again.
 */
export function drawOpenings({ seed, challenge, firstMacro, macroJobs, microJobs, blocks }: DrawInit): Drawn[] {
  return Array.from({ length: macroJobs }, (_, i) => {
    const random = poseidon2([challenge, PICK_DOMAIN + BigInt(Math.floor(i / WORDS_PER_ELEMENT))])
    const word = (random >> BigInt(32 * (i % WORDS_PER_ELEMENT))) & WORD_MASK
    const micro = Number(word % BigInt(microJobs))
    return { micro, block: sampledBlocks(fieldToHex(seed), firstMacro + i, challenge, microJobs, blocks)[micro]! }
  })
}
