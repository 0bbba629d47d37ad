import type { AffineGroup } from './affine-group.ts'
import type { Arena } from './arena.ts'
import { type Windows, windowsFor, writeDigits } from './digits.ts'
import { fillBuckets } from './fill-buckets.ts'
import { sumBuckets } from './sum-buckets.ts'

/** 32-bit words of a scalar. */
const WORDS = 8

/** Points of a key, affine and in Montgomery's form, and a scalar of 32 bytes below the field's order for each. */
export interface Terms {
  points: Uint8Array
  scalars: Uint8Array
}

/**
 * The sum of all points, each times its scalar, in Jacobian coordinates: Pippenger's buckets over signed digits. Half the time of snarkjs' `multiExpAffine`,
 * since points stay affine until the buckets of a window are summed.
 */
export function multiScalar(group: AffineGroup, arena: Arena, lists: readonly Terms[]): Uint8Array {
  return arena.within(() => {
    const { points, digits, windows } = gather(group, arena, lists)
    const buckets = fillBuckets(group, arena, points, digits, windows)
    return sumBuckets(group, arena, buckets, windows)
  })
}

interface Gathered {
  /** Addresses of the points that count. */
  points: Int32Array
  /** Of each window in turn, the digit of each of these points. */
  digits: Int16Array
  windows: Windows
}

/** Leaves out what adds nothing: a third of a key's points in B are at infinity. */
function gather(group: AffineGroup, arena: Arena, lists: readonly Terms[]): Gathered {
  const found = lists.map(({ points, scalars }) => {
    const base = arena.put(points)
    const words = new Uint32Array(scalars.slice().buffer)
    const indices: number[] = []
    for (let i = 0; i < words.length / WORDS; i++) {
      if (!isZeroScalar(words, i) && !group.isInfinite(base + i * group.pointBytes)) indices.push(i)
    }
    return { base, words, indices }
  })
  const count = found.reduce((sum, { indices }) => sum + indices.length, 0)
  const windows = windowsFor(count)
  const points = new Int32Array(count)
  const digits = new Int16Array(windows.count * count)
  let at = 0
  for (const { base, words, indices } of found) {
    for (const i of indices) {
      writeDigits(words, i, windows, digits, at, count)
      points[at++] = base + i * group.pointBytes
    }
  }
  return { points, digits, windows }
}

function isZeroScalar(words: Uint32Array, scalar: number): boolean {
  for (let i = WORDS * scalar; i < WORDS * (scalar + 1); i++) if (words[i] !== 0) return false
  return true
}
