import { createAddPairs } from './add-pairs.ts'
import type { AffineGroup } from './affine-group.ts'
import type { Arena } from './arena.ts'
import type { Windows } from './digits.ts'

/** Buckets of a window that are summed one after the other; those of a window's other runs, and of all windows, go beside them, to share inversions. */
const RUN = 32

/** Σ 2^(window's first bit) · Σ d · bucket d, in Jacobian coordinates. */
export function sumBuckets(group: AffineGroup, arena: Arena, buckets: number, { count, firstBits, half }: Windows): Uint8Array {
  const { pointBytes, jacobianBytes, jacobian } = group
  const run = Math.min(RUN, half)
  const runsOfWindow = half / run
  const { sums, weighted } = sumRuns(group, arena, buckets, count * runsOfWindow, run)
  const coordinates = () => arena.take(jacobianBytes)
  const [total, high, highs, point] = [coordinates(), coordinates(), coordinates(), coordinates()]
  const addTo = (sum: number, affine: number) => {
    jacobian.ofAffine(affine, point)
    jacobian.add(sum, point, sum)
  }
  const double = (at: number, times: number) => {
    for (let i = 0; i < times; i++) jacobian.double(at, at)
  }
  jacobian.zero(total)
  for (let window = count - 1; window >= 0; window--) {
    double(total, firstBits[window + 1]! - firstBits[window]!)
    // A bucket's digit is its place in its run, and `run` for each run before it.
    jacobian.zero(high)
    jacobian.zero(highs)
    for (let i = runsOfWindow - 1; i >= 0; i--) {
      const at = (window * runsOfWindow + i) * pointBytes
      addTo(total, weighted + at)
      if (i === 0) continue
      addTo(high, sums + at)
      jacobian.add(highs, high, highs)
    }
    double(highs, Math.log2(run))
    jacobian.add(total, highs, total)
  }
  return arena.get(total, jacobianBytes)
}

/** The addresses of all runs' sums, and of their sums of (place in the run, from 1) · bucket. */
function sumRuns(group: AffineGroup, arena: Arena, buckets: number, runs: number, run: number): { sums: number; weighted: number } {
  const { pointBytes } = group
  const [sums, weighted] = [arena.take(runs * pointBytes), arena.take(runs * pointBytes)]
  for (const at of [sums, weighted]) arena.clear(at, runs * pointBytes)
  const addPairs = createAddPairs(group, arena, runs)
  const all = (at: number, step: number) => Int32Array.from({ length: runs }, (_, i) => at + i * step)
  const [intoSums, intoWeighted] = [all(sums, pointBytes), all(weighted, pointBytes)]
  for (let place = run - 1; place >= 0; place--) {
    addPairs({ into: intoSums, from: all(buckets + place * pointBytes, run * pointBytes) }, runs)
    addPairs({ into: intoWeighted, from: intoSums }, runs)
  }
  return { sums, weighted }
}
