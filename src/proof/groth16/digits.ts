/** Bits of the scalar field's order, and one for the last carry. */
const SCALAR_BITS = 255

/** How scalars are cut into signed digits, all of one width. */
export interface Windows {
  bits: number
  count: number
  /** The largest digit: digits lie between −half and half, so that half as many buckets do. */
  half: number
}

/**
 * The width with the fewest additions for so many points: each window adds every point but the first of each bucket, and runs twice over its buckets.
 */
export function windowsFor(points: number): Windows {
  let best: Windows | undefined
  let fewest = Number.POSITIVE_INFINITY
  for (let bits = 2; bits <= 15; bits++) {
    const windows = { bits, count: Math.ceil(SCALAR_BITS / bits), half: 1 << (bits - 1) }
    const additions = windows.count * (points + windows.half)
    if (additions < fewest) [best, fewest] = [windows, additions]
  }
  return best!
}

/**
 * Writes the signed digits of one scalar, the least significant first, to `digits[at]`, `digits[at + stride]`, … `words` are the scalars' 32-bit words,
 * eight each, and a scalar is below the field's order.
 */
export function writeDigits(
  words: Uint32Array,
  scalar: number,
  { bits, count, half }: Windows,
  digits: Int16Array,
  at: number,
  stride: number,
): void {
  let carry = 0
  for (let window = 0; window < count; window++) {
    const bit = window * bits
    const word = 8 * scalar + (bit >>> 5)
    const end = 8 * scalar + 8
    const shift = bit & 31
    let digit = word < end ? words[word]! >>> shift : 0
    if (shift + bits > 32 && word + 1 < end) digit |= words[word + 1]! << (32 - shift)
    digit = (digit & (2 * half - 1)) + carry
    carry = digit > half ? 1 : 0
    digits[at + window * stride] = digit - carry * 2 * half
  }
}
