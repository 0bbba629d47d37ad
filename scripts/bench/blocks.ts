import type { Figure, FigureDefinition } from './figure.ts'
import { benchStorage } from './storage.ts'

/** Figure 5: a file of one peer fetched by another, every block checked, beside the same bytes on one raw noise stream of the same connection. */
export const blocks: FigureDefinition = {
  id: 5,
  title: 'Fetching a file from a peer',
  async measure({ quick, onProgress }): Promise<Omit<Figure, 'id' | 'title'>> {
    const fileMiB = quick ? 4 : 64
    const rounds = []
    for (let round = 0; round < (quick ? 1 : 5); round++) {
      const figures = await benchStorage({ fileMiB, rounds: 1 })
      onProgress(`${figures.fetchToDisk} of ${figures.rawStream} MiB/s`)
      rounds.push(figures)
    }
    const unit = 'MiB/s'
    const limit = { what: 'raw noise stream', unit, measured: rounds.map(({ rawStream }) => rawStream) }
    const target = { of: 'ratio', is: '>=', value: 0.6 } as const
    return {
      rows: [
        { what: 'fetched to disk', unit, measured: rounds.map(({ fetchToDisk }) => fetchToDisk), limit, target },
        { what: 'fetched to memory', unit, measured: rounds.map(({ fetchToMemory }) => fetchToMemory), limit },
        { what: 'the same by Bitswap alone', unit, measured: rounds.map(({ bitswapToMemory }) => bitswapToMemory), limit },
      ],
      notes: [`Files of ${fileMiB} MiB in leaves of 1 MiB; both processes on this machine.`],
    }
  },
}
