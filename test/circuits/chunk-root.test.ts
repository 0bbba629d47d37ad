import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { liesFail, refused, testCircuit } from './support.ts'

describe('ChunkRoot', async () => {
  const circuit = await testCircuit('templates/chunk-root.circom', 'ChunkRoot(3, 2)')
  const good = {
    seed: 5,
    firstMacro: 7,
    macroActive: [1, 1, 0],
    microActive: [1, 0],
    leaf: [
      [11, 12],
      [13, 14],
      [15, 16],
    ],
    wallet: [
      [21, 22],
      [23, 24],
      [0, 26],
    ],
  }

  it('gives the wallets of active slots, and 0 for all others', async () => {
    const witness = await circuit.witness(good)
    assert.ok(circuit.holds(witness))
    const workers = [0, 1, 2].map((i) => [0, 1].map((j) => circuit.valueOf(witness, `worker[${i}][${j}]`)))
    assert.deepEqual(workers, [
      [21n, 0n],
      [23n, 0n],
      [0n, 0n],
    ])
  })

  it('refuses a wallet in a row that is not active: it would be under no root', async () => {
    await refused(circuit, { ...good, wallet: good.wallet.with(2, [5, 26]) })
    liesFail(circuit, await circuit.witness(good), [{ 'worker[2][0]': 5, 'wallet[2][0]': 5 }])
  })
})
