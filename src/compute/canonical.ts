/** The one NaN, quiet and positive. */
const CANONICAL_NAN = 0x7fc00000

/** Makes every NaN the same and −0 be +0, in place: the driver chooses those bits, and `exact` results are compared by them. */
export function canonicalizeFloats(words: Uint32Array): void {
  for (let index = 0; index < words.length; index++) {
    const magnitude = words[index]! & 0x7fffffff
    if (magnitude > 0x7f800000) words[index] = CANONICAL_NAN
    else if (magnitude === 0) words[index] = 0
  }
}
