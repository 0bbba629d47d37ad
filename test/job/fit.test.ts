import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { InvalidJobInfoError } from '../../src/job/errors.ts'
import { fitSequence, fitSlicing } from '../../src/job/fit.ts'
import { outputBytesOf, tileOf } from '../../src/job/slice.ts'
import { blockGrid, type Slicing, slicingProblems } from '../../src/job/slicing.ts'
import { dataBytesOf } from '../support/slicings.ts'

const shapeOf = ({ macroJobs, microJobs, blocks }: Slicing) => [macroJobs, microJobs, blocks]

/** How often the blocks cover each element of the grid. */
function coverage(slicing: Slicing): Uint32Array {
  const { output, macroJobs, microJobs, blocks } = slicing
  const times = new Uint32Array(output.width * output.height)
  for (let m = 0; m < macroJobs * microJobs; m++) {
    for (let block = 0; block < blocks; block++) {
      const { column, row } = tileOf(slicing, { macro: Math.floor(m / microJobs), micro: m % microJobs, block })
      const right = Math.min((column + 1) * output.block.width, output.width)
      const bottom = Math.min((row + 1) * output.block.height, output.height)
      for (let y = row * output.block.height; y < bottom; y++) {
        for (let x = column * output.block.width; x < right; x++) times[y * output.width + x]!++
      }
    }
  }
  return times
}

const requests = fc.record({
  width: fc.integer({ min: 1, max: 300 }),
  height: fc.integer({ min: 1, max: 300 }),
  elementBytes: fc.constantFrom(1, 2, 4, 6, 12),
  macroJobs: fc.integer({ min: 1, max: 9 }),
  microJobs: fc.integer({ min: 1, max: 13 }),
  blocks: fc.integer({ min: 1, max: 40 }),
  overlap: fc.integer({ min: 0, max: 5 }),
  edge: fc.constantFrom('clamp' as const, 'zero' as const),
  input: fc.constantFrom(null, {}, { offset: 7, elementBytes: 3 }),
})

test('every grid is covered, each element exactly once, by a valid slicing no larger than asked for', () => {
  fc.assert(
    fc.property(requests, (request) => {
      const slicing = fitSlicing(request)
      assert.deepEqual(slicingProblems(slicing, dataBytesOf(slicing)), [])
      assert.ok(coverage(slicing).every((times) => times === 1))
      assert.ok(slicing.macroJobs <= request.macroJobs && slicing.microJobs <= request.microJobs && slicing.blocks <= request.blocks)
    }),
    { numRuns: 150 },
  )
})

test('pictures that are large enough keep the shape asked for', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1200, max: 20_000 }), fc.integer({ min: 1200, max: 20_000 }), (width, height) => {
      const slicing = fitSlicing({ width, height })
      assert.deepEqual(shapeOf(slicing), [5, 10, 16])
      const { block } = slicing.output
      assert.ok(Math.max(block.width / block.height, block.height / block.width) < 4, `${block.width}×${block.height}`)
    }),
    { numRuns: 60 },
  )
})

test('the Blue Marble of 4096×2048 gets the default shape with square blocks', () => {
  const slicing = fitSlicing({ width: 4096, height: 2048, overlap: 2, input: {} })
  assert.deepEqual(shapeOf(slicing), [5, 10, 16])
  assert.deepEqual(slicing.output.block, { width: 103, height: 103 })
  assert.deepEqual(blockGrid(slicing), { columns: 40, rows: 20 })
  assert.equal(slicing.input?.lineStride, 4096 * 4)
})

test('the default Job of the protocol is cut as the protocol says', () => {
  const slicing = fitSlicing({ width: 10 * 4 * 256, height: 5 * 4 * 256 })
  assert.deepEqual(slicing.output.block, { width: 256, height: 256 })
  assert.equal(outputBytesOf(slicing) * slicing.blocks, 4 * 1024 * 1024)
})

test('a picture too small for its shape gets the nearest smaller one', () => {
  assert.deepEqual(shapeOf(fitSlicing({ width: 1, height: 1 })), [1, 1, 1])
  assert.deepEqual(shapeOf(fitSlicing({ width: 40, height: 20 })), [5, 10, 16])
  const [macros, micros, blocks] = shapeOf(fitSlicing({ width: 39, height: 20 }))
  assert.ok(macros === 5 && micros === 10 && blocks! >= 8, `${macros}×${micros}×${blocks}`)
})

test('a request for far too many MicroJobs is refused', () => {
  assert.throws(
    () => fitSlicing({ width: 9, height: 9, macroJobs: 65_535, microJobs: 4096 }),
    /makes 268431360 MicroJobs, a Job has at most 100000/,
  )
})

test('even the largest shape is fitted at once', () => {
  const startMs = performance.now()
  assert.deepEqual(shapeOf(fitSlicing({ width: 3, height: 3, macroJobs: 1000, microJobs: 100, blocks: 256 })).length, 3)
  fitSlicing({ width: 9973, height: 9967, macroJobs: 997, microJobs: 97, blocks: 251 })
  assert.ok(performance.now() - startMs < 2000)
})

test('all that is wrong with a request is said at once', () => {
  assert.throws(
    () => fitSlicing({ width: 0, height: 1.5, blocks: 1000 }),
    (error) =>
      error instanceof InvalidJobInfoError &&
      error.problems
        .map(({ path }) => path)
        .sort()
        .join() === 'slicing.blocks,slicing.height,slicing.width',
  )
})

test('in a sequence a block’s x is the number of its first element', () => {
  const slicing = fitSequence({ layout: 'sequence', macroJobs: 3, microJobs: 4, blocks: 5, blockElements: 7 })
  assert.deepEqual(slicingProblems(slicing, null), [])
  assert.deepEqual(tileOf(slicing, { macro: 2, micro: 1, block: 4 }), { column: (2 * 4 + 1) * 5 + 4, row: 0 })
  assert.equal(slicing.output.width, 3 * 4 * 5 * 7)
})
