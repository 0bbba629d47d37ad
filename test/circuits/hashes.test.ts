import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { poseidon3 } from 'poseidon-lite/poseidon3'
import { FIELD_ORDER, fieldToHex } from '../../src/job/field.ts'
import { microJobIds } from '../../src/job/ids.ts'
import { leafOf, wideHash } from '../../src/job/settlement/hashes.ts'
import { liesFail, testCircuit } from './support.ts'

const large = (i: number) => FIELD_ORDER - 1n - BigInt(i) ** 9n
const list = (length: number) => Array.from({ length }, (_, i) => large(i))

describe('hashes', async () => {
  it('WideHash equals its twin, over one, two and three permutations', async () => {
    const circuit = await testCircuit('templates/wide-hash.circom', 'WideHash(17)')
    const witness = await circuit.witness({ in: list(17) })
    assert.ok(circuit.holds(witness))
    assert.equal(circuit.valueOf(witness, 'out'), wideHash(list(17)))
    assert.notEqual(wideHash([...list(17), 0n]), wideHash(list(17)))
    liesFail(circuit, witness, [{ out: 1 }, { 'in[16]': 0 }])
  })

  it('Leaf equals its twin: circomlib’s permutation with the wallet as its initial state', async () => {
    const circuit = await testCircuit('templates/leaf.circom', 'Leaf()')
    const wallet = 2n ** 160n - 7n
    const witness = await circuit.witness({ wallet, element: list(16) })
    assert.ok(circuit.holds(witness))
    assert.equal(circuit.valueOf(witness, 'out'), leafOf(wallet, list(16)))
    liesFail(circuit, witness, [{ wallet: wallet - 1n }, { 'element[0]': 1 }])
  })

  it('MicroJobIds equals the ids of the Job', async () => {
    const circuit = await testCircuit('templates/micro-job-ids.circom', 'MicroJobIds(3)')
    const witness = await circuit.witness({ seed: large(1), macro: 9 })
    const ids = microJobIds({ seed: fieldToHex(large(1)) }, 9, 3)
    for (const [j, id] of ids.entries()) assert.equal(circuit.valueOf(witness, `id[${j}]`), BigInt(`0x${id}`))
  })

  it('BlockWord takes the word of the hot MicroJob out of the element that holds it', async () => {
    const circuit = await testCircuit('templates/block-word.circom', 'BlockWord(9)')
    for (const micro of [0, 6, 7, 8]) {
      const hot = [...Array(9).keys()].map((j) => (j === micro ? 1 : 0))
      const witness = await circuit.witness({ generator: 5, challenge: 6, hot })
      const element = poseidon3([5n, 6n, BigInt(Math.floor(micro / 7))])
      assert.equal(circuit.valueOf(witness, 'out'), (element >> BigInt(32 * (micro % 7))) & 0xffff_ffffn)
    }
  })
})
