import type { Figure, FigureDefinition, Row } from './figure.ts'
import { measureReceiving, measureSync } from './replica.ts'

/**
 * Figure 6: a newcomer fetches a Job's whole log from one peer and checks every signature and record. What checking and filing them costs without
 * network and disk is the limit.
 */
export const sync: FigureDefinition = {
  id: 6,
  title: 'A newcomer’s sync of a Job’s log',
  async measure({ quick, onProgress }): Promise<Omit<Figure, 'id' | 'title'>> {
    const rows: Row[] = []
    for (const records of quick ? [1000] : [10_000, 100_000]) {
      const synced: number[] = []
      const checked: number[] = []
      for (let round = 0; round < (quick ? 1 : 3); round++) {
        checked.push(await measureReceiving(records))
        synced.push((await measureSync(records)).ms)
      }
      onProgress(`${records} records: ${synced.map(Math.round).join(', ')} ms`)
      rows.push({
        what: `${records.toLocaleString('en')} records`,
        unit: 'ms',
        measured: synced,
        limit: { what: 'checked and filed in memory', unit: 'ms', measured: checked },
        ...(records === 100_000 && { target: { of: 'measured', is: '<=', value: 2000 } }),
      })
    }
    return { rows, notes: ['Commits of ten authors, 32 in an envelope; both peers with their logs on disk.'] }
  },
}
