import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Compute } from '../../src/ports.ts'
import * as reference from './reference-float.ts'
import { BUDGET, block, openCompute, program, words } from './support.ts'

const COUNT = 1 << 15

/** Every mixture of what is special: zeros, denormals, the flushed binade, halves, large integers, the largest, infinities, NaNs. */
const EDGES = [
  0, 1, 0x7fffff, 0x800000, 0x800001, 0xffffff, 0x1000000, 0x1000001, 0x3effffff, 0x3f000000, 0x3f3504f3, 0x3f7fffff, 0x3f800000,
  0x3f800001, 0x40490fdb, 0x42b17217, 0x42b17218, 0x42aeac50, 0x46000000, 0x46000001, 0x4b000000, 0x4b7fffff, 0x4b800000, 0x4effffff,
  0x4f000000, 0x7effffff, 0x7f7fffff, 0x7f800000, 0x7f800001, 0x7fc00000, 0x7fffffff, 0x5f3759df,
].flatMap((bits) => [bits, (bits | 0x80000000) >>> 0])

/** Pairs of bit patterns: all pairs of edges, then random ones, of which half have a moderate exponent. */
function pairs(): { a: Uint32Array; b: Uint32Array } {
  const a = new Uint32Array(COUNT)
  const b = new Uint32Array(COUNT)
  let state = 12345
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return (state ^ (state >>> 15)) >>> 0
  }
  const moderate = (bits: number) => ((bits & 0x807fffff) | ((120 + (bits >>> 28)) << 23)) >>> 0
  for (let index = 0; index < COUNT; index++) {
    const even = index % 2 === 0
    a[index] = even ? random() : moderate(random())
    b[index] = even ? random() : moderate(random())
    if (index < EDGES.length ** 2) [a[index], b[index]] = [EDGES[index % EDGES.length]!, EDGES[Math.floor(index / EDGES.length)]!]
  }
  return { a, b }
}

const of = (operation: (...x: number[]) => number) => (a: number, b: number) =>
  reference.bitsOf(operation(reference.floatOf(a), reference.floatOf(b)))

const CASES: [expression: string, expected: (a: number, b: number) => number][] = [
  ['bitcast<u32>(rf_add(a, b))', of(reference.add)],
  ['bitcast<u32>(rf_sub(a, b))', of(reference.sub)],
  ['bitcast<u32>(rf_mul(a, b))', of(reference.mul)],
  ['bitcast<u32>(rf_div(a, b))', of(reference.div)],
  ['bitcast<u32>(rf_add(rf_mul(a, b), rf_mul(b, a)))', of((a, b) => reference.add(reference.mul(a, b), reference.mul(b, a)))],
  ['bitcast<u32>(rf_sqrt(a))', of(reference.sqrt)],
  ['bitcast<u32>(rf_inverse_sqrt(a))', of(reference.inverseSqrt)],
  ['bitcast<u32>(rf_exp(a))', of(reference.exp)],
  ['bitcast<u32>(rf_log(a))', of(reference.log)],
  ['bitcast<u32>(rf_sin(a))', of(reference.sin)],
  ['bitcast<u32>(rf_cos(a))', of(reference.cos)],
  ['bitcast<u32>(rf_floor(a))', of(reference.floor)],
  ['bitcast<u32>(rf_neg(a))', of(reference.neg)],
  ['bitcast<u32>(rf_min(a, b))', of(reference.min)],
  ['bitcast<u32>(rf_max(a, b))', of(reference.max)],
  ['select(0u, 1u, rf_less(a, b))', (a, b) => reference.less(reference.floatOf(a), reference.floatOf(b))],
  ['bitcast<u32>(rf_to_i32(a))', (a) => reference.toI32(reference.floatOf(a))],
  ['bitcast<u32>(rf_from_i32(bitcast<i32>(I[i])))', (a) => reference.bitsOf(reference.fromI32(a))],
  ['bitcast<u32>(rf_from_u32(I[i]))', (a) => reference.bitsOf(reference.fromU32(a))],
]

let compute: Compute
const { a, b } = pairs()
const input = block([...a, ...b])

before(async () => {
  compute = await openCompute()
})
after(() => compute.stop())

for (const [expression, expected] of CASES) {
  test(`${expression} has the reference's bits for ${COUNT} inputs`, async () => {
    const body = `let a = rf_load(I[i]); let b = rf_load(I[i + ${COUNT}u]); O[i] = ${expression};`
    const shape = program(body, { invocations: COUNT, prelude: ['reproducible-float'] })
    const [result] = await compute.run(shape, [input], BUDGET)
    const found = words(result!.output)
    const wrong = found.findIndex((bits, index) => bits !== expected(a[index]!, b[index]!))
    const hex = (bits: number) => bits.toString(16)
    const facts = () =>
      `(${hex(a[wrong]!)}, ${hex(b[wrong]!)}): found ${hex(found[wrong]!)}, expected ${hex(expected(a[wrong]!, b[wrong]!))}`
    assert.equal(wrong, -1, wrong < 0 ? '' : facts())
  })
}

test('the functions are close to the exact ones', () => {
  const worst = (approximate: (x: number) => number, exact: (x: number) => number, from: number, to: number) => {
    let most = 0
    for (let step = 0; step <= 2000; step++) {
      const x = Math.fround(from + ((to - from) * step) / 2000)
      most = Math.max(most, Math.abs(approximate(x) - exact(x)) / Math.max(1e-3, Math.abs(exact(x))))
    }
    return most
  }
  assert.ok(worst(reference.exp, Math.exp, -80, 80) < 2e-7)
  assert.ok(worst(reference.log, Math.log, 1e-3, 1e6) < 2e-7)
  assert.ok(worst(reference.sin, Math.sin, -100, 100) < 2e-5)
  assert.ok(worst(reference.cos, Math.cos, -100, 100) < 2e-5)
  assert.ok(worst(reference.inverseSqrt, (x) => 1 / Math.sqrt(x), 1e-3, 1e6) < 3e-7)
})
