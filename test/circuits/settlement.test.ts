import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { FIELD_ORDER } from '../../src/job/field.ts'
import type { SettlementChunk } from '../../src/job/settlement/chunk.ts'
import { type CircuitInput, circuitInput } from '../../src/job/settlement/circuit-input.ts'
import { leafOf } from '../../src/job/settlement/hashes.ts'
import { evaluateAt, publicSignalsOf } from '../../src/job/settlement/public-signals.ts'
import { type Settlement, settle } from '../../src/job/settlement/settle.ts'
import { namesOfD, PUBLIC_SIGNALS } from '../../src/job/settlement/signals.ts'
import { SIZE_CLASSES } from '../../src/job/settlement/size-classes.ts'
import { sampleChunk, sampleElements, workerWallet } from '../job/settlement/sample-chunk.ts'
import { forgedInput } from './forge.ts'
import { liesFail, refused, sizeClassCircuit, type TestCircuit, type Witness } from './support.ts'

const shape = SIZE_CLASSES['4x4']
const domain = { chainId: 31337n, escrow: `0x${'e1'.repeat(20)}`, finisher: `0x${'f1'.repeat(20)}` }
/** Three of four rows, three of four slots, and the second MacroJob is not counted. */
const sample = { macroJobs: 3, microJobs: 3, blocks: 5, firstMacro: 2, uncounted: [1] }

function inputOf(chunk: SettlementChunk): { settlement: Settlement; input: CircuitInput } {
  const settlement = settle(shape, chunk)
  return { settlement, input: circuitInput(shape, chunk, settlement, publicSignalsOf(settlement, domain)) }
}

/** Of a list of the inputs, or a table, some numbers of each kind: first and last, and the second row, which is not counted. */
function placesIn(value: unknown): number[][] {
  if (!Array.isArray(value)) return [[]]
  const chosen = value.length > 4 ? [0, value.length - 1] : [0, 1, 3]
  return chosen.flatMap((i) => placesIn(value[i]).map((path) => [i, ...path]))
}

describe('the settlement circuit', () => {
  let circuit: TestCircuit
  let witness: Witness
  const chunk = sampleChunk(shape, sample)
  const { settlement, input } = inputOf(chunk)
  const numbers = (name: string) => (input[name] as string[]).map(BigInt)
  const table = (name: string) => (input[name] as string[][]).map((row) => row.map(BigInt))

  /** The inputs with other values: D, C, z and y are left as they were, unless they are among them. */
  const changed = (name: string, at: readonly number[], value: bigint | number): CircuitInput => {
    const bend = (values: unknown, path: readonly number[]): unknown =>
      path.length === 0 ? value.toString() : (values as unknown[]).with(path[0]!, bend((values as unknown[])[path[0]!], path.slice(1)))
    return { ...input, [name]: bend(input[name], at) as string }
  }

  before(async () => {
    circuit = await sizeClassCircuit('4x4')
    witness = await circuit.witness(input)
  })

  describe('agrees with its twin', () => {
    const shapes: [string, Parameters<typeof sampleChunk>[1]][] = [
      ['for a full chunk', { macroJobs: 4, microJobs: 4 }],
      ['for one MicroJob of one block', { macroJobs: 1, microJobs: 1, blocks: 1 }],
      ['where a MacroJob is in no attempt any more', { macroJobs: 3, microJobs: 4, empty: [0] }],
      ['where nothing is counted', { macroJobs: 2, microJobs: 2, uncounted: [0, 1] }],
      ['for as many payees as there are rows', { macroJobs: 4, microJobs: 4, workers: 6 }],
      [
        'for the largest seed and beacon',
        { macroJobs: 2, microJobs: 3, seed: FIELD_ORDER - 2n, beacon: FIELD_ORDER - 1n, firstMacro: 1000 },
      ],
    ]
    for (const [name, init] of shapes) {
      it(name, async () => {
        const { input: other } = inputOf(sampleChunk(shape, init))
        assert.ok(circuit.holds(await circuit.witness(other)))
      })
    }

    it('in the order of the public signals', () => {
      const signals = publicSignalsOf(settlement, domain)
      assert.deepEqual(PUBLIC_SIGNALS, ['C', 'z', 'y'])
      assert.deepEqual(witness.slice(1, 4), [signals.c, signals.z, signals.y])
    })

    it('in the layout of D', () => {
      // an evaluation at 0 is the first element, and so on: every element has its weight
      for (const [i, name] of namesOfD(shape).entries()) {
        const other = settlement.d.with(i, (settlement.d[i]! + 1n) % FIELD_ORDER)
        assert.notEqual(evaluateAt(other, 3n), evaluateAt(settlement.d, 3n), name)
      }
    })
  })

  describe('refuses', () => {
    const cases: [string, () => CircuitInput][] = [
      ['another seed than the committed one', () => changed('seed', [], 5)],
      ['another commitment', () => changed('seedCommitment', [], 5)],
      ['another Job', () => changed('jobId', [], 43)],
      ['another root', () => changed('root', [], 5)],
      ['another beacon, which draws other openings', () => changed('beacon', [], 8)],
      ['MacroJobs of another place in the Job', () => changed('firstMacro', [], 3)],
      ['fewer MacroJobs', () => changed('macroJobs', [], 2)],
      ['more MacroJobs', () => changed('macroJobs', [], 4)],
      ['more MacroJobs than there are rows', () => changed('macroJobs', [], 5)],
      ['fewer MicroJobs', () => changed('microJobs', [], 2)],
      ['more MicroJobs', () => changed('microJobs', [], 4)],
      ['no MicroJobs', () => changed('microJobs', [], 0)],
      ['another number of blocks, which draws others', () => changed('blocks', [], 16)],
      ['no blocks', () => changed('blocks', [], 0)],
      ['a leaf that is not under the root', () => changed('leaf', [0, 0], 5)],
      ['a leaf of the MacroJob that is not counted', () => changed('leaf', [1, 0], 5)],
      ['a worker’s wallet that is not under the root', () => changed('worker', [0, 1], workerWallet(9))],
      ['a wallet in a row that is not active', () => changed('worker', [3, 0], 5)],
      ['an opening that does not fit its leaf', () => changed('opened', [0, 0], 5)],
      ['the opening of another block as verdict', () => ({ ...input, opened: table('opened').map((row) => row.toReversed().map(String)) })],
      ['a validator who is another than in D', () => changed('validator', [0], 77)],
      ['a validator where nothing is counted', () => changed('validator', [1], 77)],
      ['a counted MacroJob without validator', () => changed('validator', [0], 0)],
      ['counting what has no validator', () => changed('counted', [1], 1)],
      ['counting a MacroJob twice', () => changed('counted', [0], 2)],
      ['counting a MacroJob that is not active', () => changed('counted', [3], 1)],
      ['not counting what is paid', () => changed('counted', [0], 0)],
      ['paying another wallet', () => changed('wallet', [0], 99)],
      ['paying one MicroJob more', () => changed('processed', [0], numbers('processed')[0]! + 1n)],
      ['paying one validation more', () => changed('validated', [0], 1)],
      ['paying a row that has earned nothing', () => changed('processed', [7], 1)],
      ['another hash of D', () => changed('C', [], 5)],
      ['another point', () => changed('z', [], 5)],
      ['another value', () => changed('y', [], 5)],
    ]
    for (const [name, bad] of cases) it(name, () => refused(circuit, bad()))
  })

  describe('refuses even where root, D, C, z and y are made to fit', () => {
    /** Forges a chunk: `bend` may do anything to it, and all that follows from it is computed anew, without the twin's checks. */
    const forged = (bend: (chunk: SettlementChunk) => SettlementChunk): CircuitInput => forgedInput(shape, bend(chunk), settlement, domain)

    it('a copied leaf under the copier’s wallet, where it is drawn', () => {
      const { micro } = settlement.drawn[0]!
      const copied = table('leaf')[0]![micro]!
      // the wallet is where the permutation starts: with the thief's no opening gives this leaf
      assert.notEqual(leafOf(workerWallet(8), chunk.macroJobs[0]!.counted!.opened), copied)
      return refused(
        circuit,
        forged((good) => withSlot(good, 0, micro, { leaf: copied, wallet: workerWallet(8) })),
      )
    })

    it('the worker of the opened MicroJob as validator', () => {
      const { micro } = settlement.drawn[0]!
      const worker = chunk.macroJobs[0]!.slots[micro]!.wallet
      return refused(
        circuit,
        forged((good) => withCounted(good, 0, { ...good.macroJobs[0]!.counted!, validator: worker })),
      )
    })

    it('an empty verdict', () => {
      const zeros = new Array<bigint>(16).fill(0n)
      const bend = (good: SettlementChunk) => {
        const emptied = good.macroJobs[0]!.slots.map(({ wallet }) => ({ wallet, leaf: leafOf(wallet, zeros) }))
        const macroJobs = good.macroJobs.with(0, { slots: emptied, counted: { ...good.macroJobs[0]!.counted!, opened: zeros } })
        return { ...good, macroJobs }
      }
      return refused(circuit, forged(bend))
    })

    it('an opening of a MicroJob that was not drawn', async () => {
      const { micro } = settlement.drawn[0]!
      const opened = sampleElements(sample.firstMacro, (micro + 1) % sample.microJobs, sample.blocks)
      await refused(
        circuit,
        forged((good) => withCounted(good, 0, { ...good.macroJobs[0]!.counted!, opened })),
      )
    })

    it('and takes the same forgery of nothing', async () => {
      assert.ok(circuit.holds(await circuit.witness(forged((good) => good))))
    })
  })

  it('leaves no wire free but the inputs of slots that are not active, which count for nothing', async () => {
    // every slot is multiplied by its mask before it is used: what a leaf or wallet beyond microJobs is called has no meaning
    const beyond = (microJobs: number) =>
      [0, 1, 2, 3].flatMap((i) => [0, 1, 2, 3].slice(microJobs).flatMap((j) => [`main.leaf[${i}][${j}]`, `main.worker[${i}][${j}]`]))
    const free = (bent: Witness) => circuit.freeWires(bent).map(({ name }) => name)
    assert.deepEqual(free(witness).sort(), beyond(sample.microJobs).sort())
    const { input: sparse } = inputOf(sampleChunk(shape, { macroJobs: 2, microJobs: 2, blocks: 1, uncounted: [0] }))
    assert.deepEqual(free(await circuit.witness(sparse)).sort(), beyond(2).sort())
    const { input: full } = inputOf(sampleChunk(shape, { macroJobs: 4, microJobs: 4 }))
    assert.deepEqual(free(await circuit.witness(full)), [])
  })

  it('takes no other value of an input, with all that follows from it computed anew, but where it counts for nothing', async () => {
    // a free wire alone is found above; this finds an input whose consequences are free with it
    const taken: string[] = []
    const lists = Object.entries(input).filter(([, value]) => Array.isArray(value))
    for (const [name, path] of lists.flatMap(([name, value]) => placesIn(value).map((path) => [name, path] as const))) {
      const other = changed(name, path, path.reduce<unknown>((at, i) => (at as unknown[])[i], input[name]) === '0' ? 1 : 0)
      const isTaken = await circuit.witness(other).then(
        () => true,
        () => false,
      )
      if (isTaken) taken.push([name, ...path].join('.'))
    }
    assert.deepEqual(taken.sort(), [
      // slots and rows that are not active
      ...['leaf.0.3', 'leaf.1.3', 'leaf.3.0', 'leaf.3.1', 'leaf.3.3'],
      // what was opened of a MacroJob that is not counted
      ...['opened.1.0', 'opened.1.15', 'opened.3.0', 'opened.3.15'],
      ...['worker.0.3', 'worker.1.3', 'worker.3.3'],
    ])
  })

  it('holds a lying prover to every signal of its inputs', () => {
    const lies = [
      'C',
      'z',
      'y',
      'seed',
      'root',
      'beacon',
      'counted[0]',
      'counted[1]',
      'validator[0]',
      'wallet[0]',
      'processed[0]',
      'validated[0]',
    ]
    liesFail(
      circuit,
      witness,
      lies.map((signal) => ({ [signal]: circuit.valueOf(witness, signal) + 1n })),
    )
  })
})

function withSlot(chunk: SettlementChunk, macro: number, micro: number, slot: { leaf: bigint; wallet: bigint }): SettlementChunk {
  const row = chunk.macroJobs[macro]!
  return { ...chunk, macroJobs: chunk.macroJobs.with(macro, { ...row, slots: row.slots.with(micro, slot) }) }
}

function withCounted(chunk: SettlementChunk, macro: number, counted: { validator: bigint; opened: readonly bigint[] }): SettlementChunk {
  return { ...chunk, macroJobs: chunk.macroJobs.with(macro, { ...chunk.macroJobs[macro]!, counted }) }
}
