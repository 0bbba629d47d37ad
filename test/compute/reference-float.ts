/** The reproducible floats computed a second time, by `Math.fround` and Node's own division, square root and rounding. */
const float = new Float32Array(1)
const word = new Uint32Array(float.buffer)

export function bitsOf(x: number): number {
  float[0] = x
  return Number.isNaN(x) ? 0x7fc00000 : word[0]!
}

export function floatOf(bits: number): number {
  word[0] = bits
  return float[0]!
}

const LEAST = 2 ** -125

/** Single precision, with what is below 2^-125 zero and zero positive. */
const fix = (x: number): number => {
  const y = Math.fround(x)
  return Math.abs(y) < LEAST ? 0 : y
}
const binary = (operation: (a: number, b: number) => number) => (a: number, b: number) => fix(operation(fix(a), fix(b)))

export const add = binary((a, b) => a + b)
export const sub = binary((a, b) => a - b)
export const mul = binary((a, b) => a * b)
export const div = binary((a, b) => (fix(b) === 0 ? a / 0 : a / b))
const polynomial = (x: number, first: number, ...rest: number[]) => rest.reduce((y, c) => add(mul(y, x), c), Math.fround(first))

export const sqrt = (x: number) => fix(Math.sqrt(fix(x)))
export const floor = (x: number) => fix(Math.floor(fix(x)))
export const neg = (x: number) => fix(-x)

export function exp(x: number): number {
  if (Number.isNaN(x)) return Number.NaN
  if (fix(x) > 88.75) return Number.POSITIVE_INFINITY
  if (fix(x) < -87.5) return 0
  const n = floor(add(mul(x, Math.LOG2E), 0.5))
  const r = sub(sub(x, mul(n, 0.693359375)), mul(n, -0.00021219444))
  const p = polynomial(r, 0.000198756915, 0.0013981999507, 0.0083334519073, 0.041665795894, 0.16666665459, 0.50000001201)
  const half = Math.trunc(n / 2)
  return mul(mul(add(add(mul(p, mul(r, r)), r), 1), 2 ** half), 2 ** (n - half))
}

export function log(x0: number): number {
  const x = fix(x0)
  if (!(x > 0)) return x === 0 ? Number.NEGATIVE_INFINITY : Number.NaN
  if (x === Number.POSITIVE_INFINITY) return x
  const bits = bitsOf(x)
  const low = (bits & 0x7fffff) < 0x3504f3
  const e = (bits >>> 23) - (low ? 127 : 126)
  const m = sub(floatOf((bits & 0x7fffff) | (low ? 0x3f800000 : 0x3f000000)), 1)
  const z = mul(m, m)
  const [a, ...rest] = [0.070376836292, -0.1151461031, 0.1167699874, -0.12420140846, 0.14249322787, -0.16668057665, 0.20000714765]
  const p = mul(mul(polynomial(m, a!, ...rest, -0.24999993993, 0.33333331174), m), z)
  return add(add(m, add(add(p, mul(e, -0.00021219444)), mul(z, -0.5))), mul(e, 0.693359375))
}

function wave(x: number, quarter: number, negative: boolean): number {
  const size = fix(Math.abs(x))
  if (!(size <= 8192)) return Number.NaN
  let octant = Math.trunc(mul(size, 1.27323954))
  octant += octant & 1
  const parts = [0.78515625, 0.00024187564849853516, 0.00000003774894977445941]
  const r = parts.reduce((left, part) => sub(left, mul(octant, part)), size)
  const turn = octant + quarter
  const z = mul(r, r)
  const cosine = () =>
    add(add(mul(mul(polynomial(z, 0.00002443315711809948, -0.001388731625493765, 0.04166664568298827), z), z), mul(z, -0.5)), 1)
  const sine = () => add(mul(mul(polynomial(z, -0.00019515295891, 0.0083321608736, -0.16666654611), z), r), r)
  const y = turn & 2 ? cosine() : sine()
  return fix(((turn & 4) !== 0) !== negative ? -y : y)
}

export const sin = (x: number) => wave(x, 0, bitsOf(x) >>> 31 === 1)
export const cos = (x: number) => wave(x, 2, false)

export const inverseSqrt = (x: number) => div(1, sqrt(x))

export const less = (a: number, b: number) => (fix(a) < fix(b) ? 1 : 0)
export const min = (a: number, b: number) => (Number.isNaN(a) ? fix(b) : fix(fix(b) < fix(a) ? b : a))
export const max = (a: number, b: number) => (Number.isNaN(a) ? fix(b) : fix(fix(a) < fix(b) ? b : a))
export const toI32 = (x: number) => (Number.isNaN(x) ? 0 : Math.min(Math.max(Math.trunc(x), -(2 ** 31)), 2 ** 31 - 1)) >>> 0
export const fromI32 = (bits: number) => Math.fround(bits | 0)
export const fromU32 = (bits: number) => Math.fround(bits)
