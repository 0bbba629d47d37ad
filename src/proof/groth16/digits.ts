/** Bits of the scalar field's order, and one for the last carry. */
const SCALAR_BITS = 255

/** The widest window: its digits fit into 16 bits with their sign. */
const MOST_BITS = 15

/** How scalars are cut into signed digits. */
export interface Windows {
  count: number
  /** Where each window begins, and where the last one ends; widths differ by one bit at most. */
  firstBits: readonly number[]
  /** The largest digit: digits lie between −half and half, so that half as many buckets do. */
  half: number
}

/** The windows with the fewest additions for so many points: each adds every point but the first of each bucket, and runs twice over its buckets. */
export function windowsFor(points: number): Windows {
  let best = windows(SCALAR_BITS / MOST_BITS)
  let fewest = Number.POSITIVE_INFINITY
  for (let count = best.count; 2 * count <= SCALAR_BITS; count++) {
    const bits = Math.floor(SCALAR_BITS / count)
    const wide = SCALAR_BITS % count
    const additions = count * points + (count + wide) * 2 ** (bits - 1)
    if (additions < fewest) [best, fewest] = [windows(count), additions]
  }
  return best
}

/** So many windows, of which the first are one bit wider where they must be. */
export function windows(count: number): Windows {
  const bits = Math.floor(SCALAR_BITS / count)
  const wide = SCALAR_BITS % count
  const firstBits = Array.from({ length: count + 1 }, (_, window) => window * bits + Math.min(window, wide))
  return { count, firstBits, half: 2 ** (wide > 0 ? bits : bits - 1) }
}

/**
 * Writes the signed digits of one scalar, the least significant first, to `digits[at]`, `digits[at + stride]`, … `words` are the scalars' 32-bit words,
 * eight each, and a scalar is below the field's order.
 */
export function writeDigits(
  words: Uint32Array,
  scalar: number,
  { count, firstBits }: Windows,
  digits: Int16Array,
  at: number,
  stride: number,
): void {
  const end = 8 * scalar + 8
  let carry = 0
  for (let window = 0; window < count; window++) {
    const bit = firstBits[window]!
    const bits = firstBits[window + 1]! - bit
    const word = 8 * scalar + (bit >>> 5)
    const shift = bit & 31
    let digit = words[word]! >>> shift
    if (shift + bits > 32 && word + 1 < end) digit |= words[word + 1]! << (32 - shift)
    digit = (digit & ((1 << bits) - 1)) + carry
    carry = digit > 1 << (bits - 1) ? 1 : 0
    digits[at + window * stride] = digit - (carry << bits)
  }
}
