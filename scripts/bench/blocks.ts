import type { Figure, FigureDefinition } from './figure.ts'
import { benchStorage } from './storage.ts'

/** Figure 5: a file of one peer fetched by another, every block checked, beside the same bytes on one raw noise stream of the same connection. */
export const blocks: FigureDefinition = {
  id: 5,
  title: 'Fetching a file from a peer',
  async measure({ quick, onProgress }): Promise<Omit<Figure, 'id' | 'title'>> {
    const fileMiB = quick ? 4 : 64
    const figures = await benchStorage({ fileMiB, rounds: quick ? 1 : 5, warmUp: quick ? 0 : 1 })
    onProgress(`${figures.fetchToDisk} of ${figures.rawStream} MiB/s`)
    const unit = 'MiB/s'
    const limit = { what: 'raw noise stream', unit, measured: figures.rawStream }
    const target = { of: 'ratio', is: '>=', value: 0.6 } as const
    return {
      rows: [
        { what: 'fetched to disk', unit, measured: figures.fetchToDisk, limit, target },
        { what: 'fetched to memory', unit, measured: figures.fetchToMemory, limit },
        { what: 'the same by Bitswap alone', unit, measured: figures.bitswapToMemory, limit },
      ],
      notes: [`Files of ${fileMiB} MiB in leaves of 1 MiB; both processes on this machine.`],
    }
  },
}
