/**
 * True where every f32 of `a` lies within `absolute + relative · |b|` of `b`'s. NaN equals NaN, an infinity only itself.
 * Both are little-endian f32 arrays of one length; unequal lengths are unequal.
 */
export function withinTolerance(a: Uint8Array, b: Uint8Array, { absolute, relative }: { absolute: number; relative: number }): boolean {
  if (a.length !== b.length) return false
  const left = new DataView(a.buffer, a.byteOffset, a.byteLength)
  const right = new DataView(b.buffer, b.byteOffset, b.byteLength)
  for (let at = 0; at + 4 <= a.length; at += 4) {
    if (!closeEnough(left.getFloat32(at, true), right.getFloat32(at, true), absolute, relative)) return false
  }
  return true
}

function closeEnough(x: number, y: number, absolute: number, relative: number): boolean {
  if (Object.is(x, y) || x === y) return true
  if (!Number.isFinite(x) || !Number.isFinite(y)) return Number.isNaN(x) && Number.isNaN(y)
  return Math.abs(x - y) <= absolute + relative * Math.abs(y)
}
