import fc from 'fast-check'
import type { Slicing } from '../../src/job/slicing.ts'

/** Valid slicings of small grids, with and without ragged edges; `input` regions whose step, block and overlap are unrelated. */
export const gridSlicings: fc.Arbitrary<Slicing> = fc
  .record({
    macroJobs: fc.integer({ min: 1, max: 4 }),
    microJobs: fc.integer({ min: 1, max: 4 }),
    blockColumns: fc.integer({ min: 1, max: 4 }),
    blockRows: fc.integer({ min: 1, max: 3 }),
    pick: fc.nat(),
    elementBytes: fc.constantFrom(1, 2, 4, 12),
    blockWidth: fc.constantFrom(4, 8, 12),
    blockHeight: fc.integer({ min: 1, max: 5 }),
    cutRight: fc.nat(),
    cutBottom: fc.nat(),
    input: fc.option(inputRegions()),
  })
  .map(({ macroJobs, microJobs, blockColumns, blockRows, pick, elementBytes, blockWidth, blockHeight, cutRight, cutBottom, input }) => {
    const micros = macroJobs * microJobs
    const perRow = divisors(micros)[pick % divisors(micros).length]!
    const columns = perRow * blockColumns
    const rows = (micros / perRow) * blockRows
    return {
      macroJobs,
      microJobs,
      blocks: blockColumns * blockRows,
      microJobsPerRow: perRow,
      blocksPerRow: blockColumns,
      chunkMacroJobs: 1,
      output: {
        width: columns * blockWidth - (cutRight % blockWidth),
        height: rows * blockHeight - (cutBottom % blockHeight),
        elementBytes,
        block: { width: blockWidth, height: blockHeight },
        step: { x: blockWidth, y: blockHeight },
        layout: 'grid' as const,
      },
      input: input === null ? null : input(columns, rows),
    }
  })

function inputRegions() {
  return fc
    .record({
      step: fc.record({ x: fc.integer({ min: 0, max: 6 }), y: fc.integer({ min: 0, max: 6 }) }),
      block: fc.record({ width: fc.integer({ min: 1, max: 7 }), height: fc.integer({ min: 1, max: 7 }) }),
      overlap: fc.integer({ min: 0, max: 9 }),
      elementBytes: fc.constantFrom(1, 3, 4),
      offset: fc.integer({ min: 0, max: 20 }),
      gap: fc.integer({ min: 0, max: 9 }),
      more: fc.record({ x: fc.integer({ min: 1, max: 9 }), y: fc.integer({ min: 1, max: 9 }) }),
      edge: fc.constantFrom('clamp' as const, 'zero' as const),
    })
    .map(({ step, block, overlap, elementBytes, offset, gap, more, edge }) => (columns: number, rows: number) => {
      const width = (columns - 1) * step.x + more.x
      const height = (rows - 1) * step.y + more.y
      return { width, height, elementBytes, block, step, offset, lineStride: width * elementBytes + gap, overlap, edge }
    })
}

/** The fewest bytes of data that a slicing's input needs. */
export function dataBytesOf({ input }: Slicing): number | null {
  return input && input.offset + (input.height - 1) * input.lineStride + input.width * input.elementBytes
}

function divisors(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i + 1).filter((d) => n % d === 0)
}
