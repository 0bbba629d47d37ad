import type { MonteCarloInit } from './job.ts'

/** The hits of every stream, counted with BigInt: what the Job's result must be, word by word. */
export function referenceResult({ seed, macroJobs, microJobs, blocks, streams, points }: MonteCarloInit): Uint8Array {
  const hits = Uint32Array.from({ length: macroJobs * microJobs * blocks * streams }, (_, stream) => hitsOf(BigInt(stream), seed, points))
  return new Uint8Array(hits.buffer)
}

function hitsOf(stream: bigint, seed: number, points: number): number {
  let state = output(advance(BigInt(seed) ^ output(advance(stream))))
  let hits = 0
  for (let i = 0; i < points; i++) {
    let distanceSquared = 0
    for (let axis = 0; axis < 6; axis++) {
      state = advance(state)
      distanceSquared += (2 * Number(output(state) / 2n ** 19n) + 1) ** 2
    }
    if (distanceSquared < 16_384 ** 2) hits++
  }
  return hits
}

/** One step of PCG's linear congruential generator. */
function advance(state: bigint): bigint {
  return (state * 747_796_405n + 2_891_336_453n) % 2n ** 32n
}

/** PCG's output function RXS M XS. */
function output(state: bigint): bigint {
  const shift = state / 2n ** 28n + 4n
  const word = (((state / 2n ** shift) ^ state) * 277_803_737n) % 2n ** 32n
  return (word / 2n ** 22n) ^ word
}
