import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { FIELD_ORDER, fieldToHex } from '../../../src/job/field.ts'
import { sampledBlocks } from '../../../src/job/sampling.ts'
import { chunkRoot, type SettlementChunk } from '../../../src/job/settlement/chunk.ts'
import { drawOpenings, settlementChallenge } from '../../../src/job/settlement/draw.ts'
import { InvalidChunkError, NoSizeClassError, TooManyPayeesError } from '../../../src/job/settlement/errors.ts'
import { payoutsOf, splitByPayees } from '../../../src/job/settlement/payouts.ts'
import { evaluateAt, pointOf, publicSignalsOf } from '../../../src/job/settlement/public-signals.ts'
import { settle } from '../../../src/job/settlement/settle.ts'
import { countOf, HEADER, lengthOfD, namesOfD } from '../../../src/job/settlement/signals.ts'
import { SIZE_CLASS_NAMES, SIZE_CLASSES, sizeClassFor } from '../../../src/job/settlement/size-classes.ts'
import { parsePinnedKey } from '../../../src/proof/pinned-key.ts'
import { verifyGroth16 } from '../../../src/proof/verify.ts'
import { sampleChunk } from './sample-chunk.ts'

const shape = SIZE_CLASSES['4x4']
const json = (path: string) => JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'))

describe('settling a chunk', () => {
  it('gives the numbers of the frozen vector, whose proof holds', () => {
    const vector = json('../../vectors/settlement-4x4.json')
    const settlement = settle(shape, sampleChunk(shape, vector.sample))
    assert.deepEqual(settlement.d.map(String), vector.d)
    assert.deepEqual(settlement.drawn, vector.drawn)
    const { c, z, y } = publicSignalsOf(settlement, { ...vector.domain, chainId: BigInt(vector.domain.chainId) })
    assert.deepEqual([c, z, y].map(String), vector.publicSignals)
    const proof = JSON.parse(JSON.stringify(vector.proof), (_, value) => (typeof value === 'string' ? BigInt(value) : value))
    const { verificationKey } = parsePinnedKey(json('../../../circuits/keys/insecure-dev-4x4.json'))
    assert.equal(verifyGroth16(verificationKey, proof, [c, z, y]), true)
  })

  it('pays each MicroJob and each validation of what is counted once, and nothing else', () => {
    const counts = fc.record({
      macroJobs: fc.integer({ min: 1, max: 4 }),
      microJobs: fc.integer({ min: 1, max: 4 }),
      workers: fc.integer({ min: 1, max: 6 }),
      uncounted: fc.uniqueArray(fc.integer({ min: 0, max: 3 }), { maxLength: 2 }),
    })
    fc.assert(
      fc.property(counts, (init) => {
        const { statement, d } = settle(shape, sampleChunk(shape, { ...init, blocks: 2 }))
        const counted = Array.from({ length: init.macroJobs }, (_, i) => i).filter((i) => !init.uncounted.includes(i)).length
        const sum = (field: 'processed' | 'validated') => statement.payees.reduce((total, payee) => total + payee[field], 0)
        assert.equal(sum('processed'), counted * init.microJobs)
        assert.equal(sum('validated'), counted)
        assert.equal(statement.macros.filter(({ verdict }) => verdict !== 0n).length, counted)
        assert.equal(d.length, lengthOfD(shape))
        const wallets = statement.payees.map(({ wallet }) => wallet)
        assert.deepEqual(
          wallets,
          [...new Set(wallets)].sort((a, b) => (a < b ? -1 : 1)),
        )
      }),
      { numRuns: 12 },
    )
  })

  it('names every element of D, the header first', () => {
    assert.deepEqual(namesOfD(shape).slice(0, 10), [...HEADER, 'validator_0', 'verdict_0'])
    assert.equal(namesOfD(shape).at(-1), 'count_7')
    for (const name of SIZE_CLASS_NAMES) assert.equal(namesOfD(SIZE_CLASSES[name]).length, lengthOfD(SIZE_CLASSES[name]))
    const { d } = settle(shape, sampleChunk(shape, { macroJobs: 1, microJobs: 2 }))
    assert.equal(d[namesOfD(shape).indexOf('microJobs')], 2n)
    assert.equal(countOf(3, 2), 3n + 2n * 2n ** 32n)
  })

  it('refuses by name what the circuit could not prove', () => {
    const good = sampleChunk(shape, { macroJobs: 2, microJobs: 2, blocks: 3 })
    const [first] = good.macroJobs
    const { drawn } = settle(shape, good)
    const row = (change: object) => ({ ...good, macroJobs: good.macroJobs.with(0, { ...first!, ...change }) })
    const counted = (change: object) => row({ counted: { ...first!.counted!, ...change } })
    const { opened } = first!.counted!
    const cases: [SettlementChunk, string][] = [
      [{ ...good, seed: FIELD_ORDER }, 'seed'],
      [{ ...good, jobId: -1n }, 'jobId'],
      [{ ...good, beacon: FIELD_ORDER }, 'beacon'],
      [{ ...good, firstMacro: 1.5 }, 'firstMacro'],
      [{ ...good, firstMacro: -1 }, 'firstMacro'],
      [{ ...good, microJobs: 5 }, 'microJobs'],
      [{ ...good, microJobs: Number.NaN }, 'microJobs'],
      [{ ...good, blocks: 0 }, 'blocks'],
      [{ ...good, blocks: 17 }, 'blocks'],
      [{ ...good, macroJobs: [] }, 'macroJobs.length'],
      [{ ...good, macroJobs: new Array(5).fill(first) }, 'macroJobs.length'],
      [row({ slots: first!.slots.slice(1) }), 'macroJobs.0.slots'],
      [row({ slots: [] }), 'macroJobs.0.slots'],
      [counted({ validator: 0n }), 'macroJobs.0.counted.validator'],
      [counted({ validator: 2n ** 160n }), 'macroJobs.0.counted.validator'],
      [counted({ validator: first!.slots[drawn[0]!.micro]!.wallet }), 'macroJobs.0.counted.validator'],
      [counted({ opened: opened.with(0, 5n) }), 'macroJobs.0.counted.opened'],
      [counted({ opened: opened.slice(1) }), 'macroJobs.0.counted.opened'],
    ]
    for (const [bad, path] of cases) {
      assert.throws(
        () => settle(shape, bad),
        (error) => error instanceof InvalidChunkError && error.path === path && error.message.length < 400,
        path,
      )
    }
    assert.throws(() => settle({ ...shape, payees: 2 }, good), TooManyPayeesError)
  })
})

describe('the draw', () => {
  it('opens one of the blocks that the validator ran again, and depends on seed, root and beacon', () => {
    const init = { seed: 5n, firstMacro: 3, macroJobs: 16, microJobs: 10, blocks: 16 }
    const challenge = settlementChallenge(5n, 6n, 7n)
    const drawn = drawOpenings({ ...init, challenge })
    for (const [i, { micro, block }] of drawn.entries()) {
      assert.equal(block, sampledBlocks(fieldToHex(5n), 3 + i, challenge, 10, 16)[micro])
    }
    assert.ok(new Set(drawn.map(({ micro }) => micro)).size > 4)
    const others = [settlementChallenge(4n, 6n, 7n), settlementChallenge(5n, 7n, 7n), settlementChallenge(5n, 6n, 8n)]
    for (const other of others) assert.notDeepEqual(drawOpenings({ ...init, challenge: other }), drawn)
  })
})

describe('the root', () => {
  it('depends on every leaf, wallet and place', () => {
    const good = sampleChunk(shape, { macroJobs: 2, microJobs: 2, blocks: 1 })
    const root = chunkRoot(shape, good)
    const [first, second] = good.macroJobs
    const swapped = { ...first!, slots: first!.slots.toReversed() }
    const others: SettlementChunk[] = [
      { ...good, macroJobs: [second!, first!] },
      { ...good, macroJobs: [swapped, second!] },
      { ...good, macroJobs: [{ ...first!, slots: first!.slots.with(0, { ...first!.slots[0]!, wallet: 1n }) }, second!] },
      { ...good, macroJobs: [first!, { slots: [] }] },
      { ...good, firstMacro: 1 },
      { ...good, seed: 6n },
    ]
    for (const other of others) assert.notEqual(chunkRoot(shape, other), root)
    assert.notEqual(chunkRoot(SIZE_CLASSES['8x8'], good), root)
  })
})

describe('the public signals', () => {
  it('bind chain, escrow, finisher and all of D', () => {
    const domain = { chainId: 1n, escrow: `0x${'1'.repeat(40)}`, finisher: `0x${'2'.repeat(40)}` }
    const d = [1n, 2n, 3n]
    const z = pointOf(9n, domain, d)
    const others = [
      pointOf(8n, domain, d),
      pointOf(9n, { ...domain, chainId: 2n }, d),
      pointOf(9n, { ...domain, escrow: domain.finisher }, d),
      pointOf(9n, { ...domain, finisher: domain.escrow }, d),
      pointOf(9n, domain, [1n, 2n, 4n]),
      pointOf(9n, domain, [1n, 2n, 3n, 0n]),
    ]
    assert.equal(new Set([z, ...others]).size, 7)
    assert.equal(evaluateAt(d, 10n), 321n)
  })
})

describe('size classes', () => {
  it('have room for one MacroJob with its validator', () => {
    for (const name of SIZE_CLASS_NAMES) assert.ok(SIZE_CLASSES[name].payees > SIZE_CLASSES[name].microJobs)
  })

  it('are the smallest that fit', () => {
    const nameFor = (macroJobs: number, microJobs: number) => sizeClassFor({ macroJobs, microJobs }).name
    assert.deepEqual([nameFor(1, 1), nameFor(4, 5), nameFor(5, 10), nameFor(6, 8), nameFor(6, 10)], ['4x4', '5x10', '5x10', '8x8', '16x16'])
    for (const [macroJobs, microJobs] of [
      [17, 1],
      [1, 17],
      [0, 1],
      [1, 0],
    ] as const) {
      assert.throws(() => sizeClassFor({ macroJobs, microJobs }), NoSizeClassError)
    }
  })
})

describe('many payees', () => {
  it('are settled in several calls that each fit, every counted MacroJob once', () => {
    const rows = (workers: number) =>
      Array.from({ length: 8 }, (_, i) => ({
        slots: Array.from({ length: 4 }, (_, j) => ({ leaf: 1n, wallet: BigInt(1 + ((i * 4 + j) % workers)) })),
        ...(i !== 3 && { counted: { validator: 1000n + BigInt(i), opened: [] } }),
      }))
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 32 }), fc.integer({ min: 5, max: 16 }), (workers, room) => {
        const macroJobs = rows(workers)
        const batches = splitByPayees(macroJobs, room)
        assert.deepEqual(batches.flat(), [0, 1, 2, 4, 5, 6, 7])
        for (const batch of batches) assert.ok(payoutsOf(batch.map((i) => macroJobs[i]!)).length <= room)
      }),
      { numRuns: 50 },
    )
  })
})
