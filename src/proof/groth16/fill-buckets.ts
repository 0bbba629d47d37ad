import { createAddPairs, type Pairs } from './add-pairs.ts'
import type { AffineGroup } from './affine-group.ts'
import type { Arena } from './arena.ts'
import type { Windows } from './digits.ts'

/** The address of all buckets' sums, window after window: bucket d − 1 of a window has the points whose digit is d, and the opposite of those with −d. */
export function fillBuckets(group: AffineGroup, arena: Arena, points: Int32Array, digits: Int16Array, { count, half }: Windows): number {
  const { pointBytes, coordinateBytes, copy } = group
  const buckets = arena.take(count * half * pointBytes)
  arena.clear(buckets, count * half * pointBytes)
  return arena.within(() => {
    const sorted = arena.take(points.length * pointBytes)
    const addPairs = createAddPairs(group, arena, points.length)
    const pairs: Pairs = { into: new Int32Array(points.length), from: new Int32Array(points.length) }
    for (let window = 0; window < count; window++) {
      const own = digits.subarray(window * points.length, (window + 1) * points.length)
      const { starts, lengths } = layOut(own, half)
      sortPoints(group, points, own, starts, sorted)
      let left = pairUp(pairs, lengths, starts, sorted, pointBytes)
      while (left > 0) {
        addPairs(pairs, left)
        left = pairUp(pairs, lengths, starts, sorted, pointBytes)
      }
      for (let digit = 1; digit <= half; digit++) {
        if (lengths[digit] === 0) continue
        const from = sorted + pointBytes * starts[digit]!
        const to = buckets + pointBytes * (window * half + digit - 1)
        copy(from, to)
        copy(from + coordinateBytes, to + coordinateBytes)
      }
    }
    return buckets
  })
}

/** Copies the points to where their buckets stand, those of negative digits negated. */
function sortPoints(group: AffineGroup, points: Int32Array, digits: Int16Array, starts: Int32Array, sorted: number): void {
  const { pointBytes, coordinateBytes: y, copy, negate } = group
  const next = starts.slice()
  for (let i = 0; i < points.length; i++) {
    const digit = digits[i]!
    if (digit === 0) continue
    const to = sorted + pointBytes * next[Math.abs(digit)]!++
    const from = points[i]!
    copy(from, to)
    if (digit < 0) negate(from + y, to + y)
    else copy(from + y, to + y)
  }
}

/** Where the points of each digit stand when they are sorted by it, and how many there are; by the digit without its sign. */
function layOut(digits: Int16Array, half: number): { starts: Int32Array; lengths: Int32Array } {
  const lengths = new Int32Array(half + 1)
  for (const digit of digits) lengths[Math.abs(digit)]!++
  lengths[0] = 0
  const starts = new Int32Array(half + 1)
  for (let digit = 1; digit <= half; digit++) starts[digit] = starts[digit - 1]! + lengths[digit - 1]!
  return { starts, lengths }
}

/** Pairs the points of each bucket, the first half with the second; returns how many pairs there are, and halves the lengths. */
function pairUp({ into, from }: Pairs, lengths: Int32Array, starts: Int32Array, sorted: number, pointBytes: number): number {
  let pairs = 0
  for (let digit = 1; digit < lengths.length; digit++) {
    const length = lengths[digit]!
    if (length < 2) continue
    const kept = length - (length >> 1)
    const first = sorted + pointBytes * starts[digit]!
    for (let i = 0; i < length - kept; i++, pairs++) {
      into[pairs] = first + pointBytes * i
      from[pairs] = first + pointBytes * (kept + i)
    }
    lengths[digit] = kept
  }
  return pairs
}
