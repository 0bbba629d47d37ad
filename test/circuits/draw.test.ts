import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { inverse } from '../../scripts/keys/arithmetic.ts'
import { FIELD_ORDER } from '../../src/job/field.ts'
import { liesFail, modulo, refused, testCircuit } from './support.ts'

describe('PrefixMask', async () => {
  const circuit = await testCircuit('templates/prefix-mask.circom', 'PrefixMask(4)')

  it('marks the first n, from none to all', async () => {
    for (const n of [0, 1, 3, 4]) {
      const witness = await circuit.witness({ n })
      assert.ok(circuit.holds(witness))
      for (let i = 0; i < 4; i++) assert.equal(circuit.valueOf(witness, `mask[${i}]`), i < n ? 1n : 0n)
    }
  })

  it('refuses more than there are, gaps, fractions of a mark and negative marks', async () => {
    await refused(circuit, { n: 5 })
    await refused(circuit, { n: -1 })
    const witness = await circuit.witness({ n: 2 })
    const half = modulo((FIELD_ORDER + 1n) / 2n)
    liesFail(circuit, witness, [
      { 'mask[1]': 0, 'mask[2]': 1 },
      { 'mask[0]': 0 },
      { 'mask[2]': 1 },
      { 'mask[1]': half, 'mask[2]': half },
      { 'mask[0]': 2, 'mask[1]': 0 },
      { 'mask[2]': 1, 'mask[3]': -1 },
      { n: 3 },
    ])
  })
})

describe('Draw', async () => {
  const circuit = await testCircuit('templates/draw.circom', 'Draw(5)')
  const active = (n: number) => [0, 1, 2, 3, 4].map((j) => (j < n ? 1 : 0))
  const at = (j: number, quotient: bigint | number) => ({
    ...Object.fromEntries([0, 1, 2, 3, 4].map((x) => [`hot[${x}]`, x === j ? 1 : 0])),
    quotient,
  })

  it('takes word mod n, for every n and the ends of the range', async () => {
    for (const n of [1, 2, 3, 4, 5]) {
      for (const word of [0, 7, 2 ** 32 - 1]) {
        const witness = await circuit.witness({ word, n, active: active(n) })
        assert.ok(circuit.holds(witness))
        for (let j = 0; j < 5; j++) assert.equal(circuit.valueOf(witness, `hot[${j}]`), j === word % n ? 1n : 0n)
      }
    }
  })

  it('refuses another position with any quotient that a prover could try', async () => {
    const word = 7n
    const witness = await circuit.witness({ word, n: 3, active: active(3) })
    const fitting = (j: bigint) => modulo((word - j) * inverse(3n))
    liesFail(circuit, witness, [at(0, fitting(0n)), at(2, fitting(2n)), at(4, 1), at(0, 2), { 'hot[1]': 2 }, { 'hot[1]': 0 }])
    liesFail(circuit, witness, [{ 'hot[0]': 1 }, { 'hot[0]': 1, 'hot[1]': 1, 'hot[2]': -1 }, { quotient: 3 }, { word: 8 }, { n: 2 }])
  })

  it('draws nothing from nothing', async () => {
    await refused(circuit, { word: 7, n: 0, active: active(0) })
    // the mask belongs to n: a wider one would let the position be n or more
    const wide = await circuit.witness({ word: 7, n: 3, active: active(5) })
    assert.equal(circuit.valueOf(wide, 'hot[1]'), 1n)
  })
})

describe('Words', async () => {
  const circuit = await testCircuit('templates/words.circom', 'Words()')
  const bitsOf = (value: bigint) =>
    Object.fromEntries([...Array(254).keys()].map((b) => [`bits.out[${b}]`, (value >> BigInt(b)) & 1n] as const))
  const upper = (value: bigint) => value >> 190n

  it('cuts the low 224 bits of the number below the order', async () => {
    const values = [0n, 1n, 0x1234_5678_9abc_def0_1234_5678n << 100n, FIELD_ORDER - (1n << 190n) - 1n]
    for (const value of values) {
      const witness = await circuit.witness({ in: value })
      assert.ok(circuit.holds(witness))
      for (let w = 0; w < 7; w++) assert.equal(circuit.valueOf(witness, `word[${w}]`), (value >> BigInt(32 * w)) & 0xffff_ffffn)
    }
  })

  it('refuses the second form that 32 % of the elements have', async () => {
    const value = 12345n
    const witness = await circuit.witness({ in: value })
    const other = value + FIELD_ORDER
    assert.ok(other < 1n << 254n)
    const words = Object.fromEntries([...Array(7).keys()].map((w) => [`word[${w}]`, (other >> BigInt(32 * w)) & 0xffff_ffffn]))
    const gap = modulo(upper(FIELD_ORDER) - 1n - upper(other))
    const below = Object.fromEntries([...Array(64).keys()].map((b) => [`below.out[${b}]`, (gap >> BigInt(b)) & 1n]))
    liesFail(circuit, witness, [
      { ...bitsOf(other), ...words },
      { ...bitsOf(other), ...words, ...below },
    ])
  })

  it('refuses a bit that is none, and a word that is another', async () => {
    const witness = await circuit.witness({ in: 5n })
    liesFail(circuit, witness, [{ 'bits.out[0]': 5, 'bits.out[2]': 0 }, { 'bits.out[1]': 1 }, { 'word[0]': 6 }, { 'word[6]': 1 }])
  })

  it('cannot prove the one element in 2^64 whose upper bits are those of the order', async () => {
    await refused(circuit, { in: FIELD_ORDER - 1n })
  })
})
