import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { inverse } from '../../scripts/keys/arithmetic.ts'
import { liesFail, modulo, refused, testCircuit } from './support.ts'

describe('LogUp', async () => {
  const circuit = await testCircuit('templates/log-up.circom', 'LogUp(4, 2)')
  const good = { gamma: 123_456_789n, key: [10, 11, 10, 10], weight: [1, 1, 1, 0], wallet: [10, 11], count: [2, 1] }

  it('holds for equal sums, in any order, with zero rows and with a wallet in two rows', async () => {
    for (const change of [
      {},
      { wallet: [11, 10], count: [1, 2] },
      { weight: [1, 0, 1, 0], count: [2, 0] },
      { key: [10, 10, 10, 10], wallet: [10, 10] },
    ]) {
      assert.ok(circuit.holds(await circuit.witness({ ...good, ...change })))
    }
  })

  it('refuses a count, a wallet, a key or a weight that is another', async () => {
    for (const change of [
      { count: [3, 1] },
      { count: [1, 2] },
      { wallet: [10, 12] },
      { key: [10, 11, 11, 10] },
      { weight: [1, 1, 1, 1] },
      { wallet: [0, 11] },
    ]) {
      await refused(circuit, { ...good, ...change })
    }
  })

  it('is worth nothing where gamma is known first: a trap, and why gamma follows from C', async () => {
    // weights 2/(g−10) + 1/(g−11) made up for by another wallet with a count that no sum of ones is
    const { gamma } = good
    const left = modulo(2n * inverse(gamma - 10n) + inverse(gamma - 11n))
    const forged = modulo(left * (gamma - 99n))
    assert.ok(circuit.holds(await circuit.witness({ ...good, wallet: [99, 11], count: [forged, 0] })))
  })

  it('is worth nothing where a key is chosen after gamma, even one of weight 0: a trap, and why every key is under the root, or 0', async () => {
    const { gamma } = good
    const honest = await circuit.witness({ ...good, key: [10, 11, 10, 12] })
    // with gamma as a key its term is multiplied by 0, so it makes up for any count
    const made = modulo(99n * inverse(gamma - 11n))
    assert.ok(
      circuit.holds(
        circuit.lie(honest, { 'key[3]': gamma, 'left[3]': made, 'count[1]': 100, 'right[1]': modulo(100n * inverse(gamma - 11n)) }),
      ),
    )
  })

  it('has no term that may be another', async () => {
    liesFail(circuit, await circuit.witness(good), [{ 'left[0]': 1 }, { 'right[1]': 1 }, { 'left[3]': 1 }])
  })
})

describe('Independence', async () => {
  const circuit = await testCircuit('templates/independence.circom', 'Independence()')
  const good = { counted: 1, verdict: 77, validator: 5, worker: 6 }

  it('takes a validator of its own, and nobody where nothing is counted', async () => {
    for (const input of [good, { counted: 0, verdict: 0, validator: 0, worker: 6 }, { counted: 0, verdict: 0, validator: 0, worker: 0 }]) {
      assert.ok(circuit.holds(await circuit.witness(input)))
    }
  })

  it('refuses the worker as validator, nobody, an empty verdict, and a validator of what is not counted', async () => {
    for (const change of [{ worker: 5 }, { validator: 0 }, { verdict: 0 }, { counted: 0 }, { counted: 0, verdict: 0 }]) {
      await refused(circuit, { ...good, ...change })
    }
  })

  it('leaves no inverse free', async () => {
    liesFail(circuit, await circuit.witness(good), [{ inverse: 0 }, { counted: 0, inverse: 0 }])
    liesFail(circuit, await circuit.witness({ counted: 0, verdict: 0, validator: 0, worker: 6 }), [{ inverse: 1 }])
  })
})

describe('Payouts', async () => {
  const circuit = await testCircuit('templates/payouts.circom', 'Payouts(2, 2, 3)')
  const good = {
    C: 99n,
    counted: [1, 1],
    microActive: [1, 1],
    worker: [
      [10, 11],
      [10, 10],
    ],
    validator: [12, 11],
    wallet: [10, 11, 12],
    processed: [3, 1, 0],
    validated: [0, 1, 1],
  }

  it('pays 1 a MicroJob and 2^32 a validation, and nothing for what is not counted', async () => {
    const witness = await circuit.witness(good)
    assert.ok(circuit.holds(witness))
    assert.equal(circuit.valueOf(witness, 'count[1]'), 1n + 2n ** 32n)
    const half = { ...good, counted: [1, 0], validator: [12, 0], processed: [1, 1, 0], validated: [0, 0, 1] }
    assert.ok(circuit.holds(await circuit.witness(half)))
  })

  it('refuses to pay more, less, others, or for nothing', async () => {
    const wrong = [
      { processed: [4, 1, 0] },
      { processed: [2, 2, 0] },
      { validated: [1, 1, 1] },
      { validated: [0, 2, 0] },
      { wallet: [10, 11, 13] },
      { counted: [1, 0] },
      { microActive: [1, 0] },
      { processed: [3, 2 ** 32 + 1, 0], validated: [0, 0, 1] },
    ]
    for (const change of wrong) await refused(circuit, { ...good, ...change })
  })

  it('refuses rows of one wallet that only together give its count: a packed count would let one of them be huge', async () => {
    const twice = {
      ...good,
      wallet: [10, 11, 11],
      worker: [
        [10, 11],
        [10, 10],
      ],
      validator: [11, 11],
    }
    assert.ok(circuit.holds(await circuit.witness({ ...twice, processed: [3, 1, 0], validated: [0, 1, 1] })))
    await refused(circuit, { ...twice, processed: [3, -1, 2], validated: [0, 1, 1] })
    await refused(circuit, { ...twice, processed: [3, 2n ** 32n - 1n, 2], validated: [0, 0, 1] })
    await refused(circuit, { ...twice, processed: [3, 1, 0], validated: [0, -1, 3] })
    await refused(circuit, { ...twice, processed: [3, 1n - 2n ** 32n, 0], validated: [0, 2, 1] })
  })
})
