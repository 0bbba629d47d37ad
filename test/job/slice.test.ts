import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  type BlockIndex,
  coveringRange,
  cutInput,
  globalBlockIndex,
  inputBytesOf,
  outputBytesOf,
  pasteOutput,
  resultBytesOf,
  tileOf,
} from '../../src/job/slice.ts'
import { blockGrid, type Slicing, slicingProblems } from '../../src/job/slicing.ts'
import { dataBytesOf, gridSlicings } from '../support/slicings.ts'

function blocksOf({ macroJobs, microJobs, blocks }: Slicing): BlockIndex[] {
  const all: BlockIndex[] = []
  for (let macro = 0; macro < macroJobs; macro++) {
    for (let micro = 0; micro < microJobs; micro++) {
      for (let block = 0; block < blocks; block++) all.push({ macro, micro, block })
    }
  }
  return all
}

const bytesUpTo = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8)) & 0xff)

/** Element by element from the definition: what a block sees at column x, line y of its input. */
function naiveInput(slicing: Slicing, index: BlockIndex, data: Uint8Array): Uint8Array {
  const { input } = slicing
  if (input === null) return new Uint8Array(0)
  const { column, row } = tileOf(slicing, index)
  const size = { width: input.block.width + 2 * input.overlap, height: input.block.height + 2 * input.overlap }
  const out = new Uint8Array(Math.ceil((size.width * size.height * input.elementBytes) / 4) * 4)
  for (let y = 0; y < size.height; y++) {
    for (let x = 0; x < size.width; x++) {
      let sourceX = column * input.step.x - input.overlap + x
      let sourceY = row * input.step.y - input.overlap + y
      const inside = sourceX >= 0 && sourceX < input.width && sourceY >= 0 && sourceY < input.height
      if (!inside && input.edge === 'zero') continue
      sourceX = Math.max(0, Math.min(input.width - 1, sourceX))
      sourceY = Math.max(0, Math.min(input.height - 1, sourceY))
      for (let byte = 0; byte < input.elementBytes; byte++) {
        const from = input.offset + sourceY * input.lineStride + sourceX * input.elementBytes + byte
        out[(y * size.width + x) * input.elementBytes + byte] = data[from]!
      }
    }
  }
  return out
}

test('the slicings that these properties are about are valid', () => {
  fc.assert(fc.property(gridSlicings, (slicing) => assert.deepEqual(slicingProblems(slicing, dataBytesOf(slicing)), [])))
})

test('the tiles of all blocks are all tiles of the grid, each once', () => {
  fc.assert(
    fc.property(gridSlicings, (slicing) => {
      const { columns, rows } = blockGrid(slicing)
      const tiles = new Set(
        blocksOf(slicing)
          .map((index) => tileOf(slicing, index))
          .map(({ column, row }) => row * columns + column),
      )
      assert.equal(tiles.size, columns * rows)
      assert.equal(Math.max(...tiles), columns * rows - 1)
    }),
  )
})

test('global block indices count the blocks in order', () => {
  fc.assert(
    fc.property(gridSlicings, (slicing) => {
      assert.deepEqual(
        blocksOf(slicing).map((index) => globalBlockIndex(slicing, index)),
        blocksOf(slicing).map((_, i) => i),
      )
    }),
  )
})

test('cutInput gives what the definition says, element by element, from the covering range alone', () => {
  fc.assert(
    fc.property(gridSlicings, (slicing) => {
      const data = bytesUpTo(dataBytesOf(slicing) ?? 0)
      for (const index of blocksOf(slicing)) {
        const expected = naiveInput(slicing, index, data)
        const ofMicro = coveringRange(slicing, index.macro, index.micro)
        const ofBlock = coveringRange(slicing, index.macro, index.micro, [index.block])
        assert.ok(expected.length >= inputBytesOf(slicing) && expected.length < inputBytesOf(slicing) + 4)
        for (const { offset, length } of [ofMicro, ofBlock]) {
          assert.ok(offset >= 0 && offset + length <= data.length, `range ${offset}+${length} of ${data.length}`)
          assert.deepEqual(cutInput(slicing, index, data.slice(offset, offset + length), offset), expected)
        }
        assert.ok(ofMicro.offset <= ofBlock.offset && ofMicro.offset + ofMicro.length >= ofBlock.offset + ofBlock.length)
      }
    }),
  )
})

test('the covering range of one block begins and ends with bytes that the block sees', () => {
  fc.assert(
    fc.property(gridSlicings, (slicing) => {
      if (slicing.input === null || slicing.input.edge !== 'clamp') return
      const zeros = new Uint8Array(dataBytesOf(slicing)!)
      for (const index of blocksOf(slicing).slice(0, 8)) {
        const { offset, length } = coveringRange(slicing, index.macro, index.micro, [index.block])
        for (const at of [offset, offset + length - 1]) {
          const marked = zeros.slice()
          marked[at] = 1
          assert.ok(naiveInput(slicing, index, marked).includes(1), `byte ${at}`)
        }
      }
    }),
    { numRuns: 40 },
  )
})

test('pasteOutput writes every byte of the grid exactly once', () => {
  fc.assert(
    fc.property(gridSlicings, (slicing) => {
      const grid = new Uint8Array(resultBytesOf(slicing))
      for (const index of blocksOf(slicing)) {
        const before = grid.slice()
        const block = new Uint8Array(outputBytesOf(slicing)).fill(1)
        const alone = new Uint8Array(grid.length)
        pasteOutput(slicing, index, block, alone)
        pasteOutput(slicing, index, block, grid)
        assert.ok(alone.every((byte, i) => byte + before[i]! === grid[i]))
      }
      assert.ok(grid.every((byte) => byte === 1))
    }),
    { numRuns: 60 },
  )
})

test('a picture cut into blocks and pasted again is the picture', () => {
  fc.assert(
    fc.property(gridSlicings, (slicing) => {
      const { output } = slicing
      const { width, height, elementBytes, block, step } = output
      const input = {
        width,
        height,
        elementBytes,
        block,
        step,
        offset: 3,
        lineStride: width * elementBytes + 5,
        overlap: 0,
        edge: 'clamp' as const,
      }
      const picture = bytesUpTo(resultBytesOf(slicing))
      const data = new Uint8Array(input.offset + height * input.lineStride)
      const lineBytes = width * elementBytes
      for (let y = 0; y < height; y++) data.set(picture.subarray(y * lineBytes, (y + 1) * lineBytes), input.offset + y * input.lineStride)
      const result = new Uint8Array(picture.length)
      for (const index of blocksOf(slicing)) pasteOutput(slicing, index, cutInput({ ...slicing, input }, index, data, 0), result)
      assert.deepEqual(result, picture)
    }),
  )
})

test('the blocks of a sequence follow one another', () => {
  fc.assert(
    fc.property(gridSlicings, (grid) => {
      const slicing: Slicing = { ...grid, output: { ...grid.output, layout: 'sequence' } }
      const bytes = outputBytesOf(slicing)
      const result = new Uint8Array(resultBytesOf(slicing))
      const indices = blocksOf(slicing)
      for (const [i, index] of indices.entries()) pasteOutput(slicing, index, new Uint8Array(bytes).fill(i + 1), result)
      assert.equal(result.length, indices.length * bytes)
      assert.ok(result.every((byte, at) => byte === ((Math.floor(at / bytes) + 1) & 0xff)))
    }),
    { numRuns: 30 },
  )
})

test('a Job without data reads nothing', () => {
  fc.assert(
    fc.property(gridSlicings, (any) => {
      const slicing = { ...any, input: null }
      assert.deepEqual(coveringRange(slicing, 0, 0), { offset: 0, length: 0 })
      assert.equal(cutInput(slicing, { macro: 0, micro: 0, block: 0 }, new Uint8Array(0), 0).length, 0)
      assert.equal(inputBytesOf(slicing), 0)
    }),
    { numRuns: 20 },
  )
})
