import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import * as Y from 'yjs'
import { integrateItems, keptItems } from '../../src/replica/integrate.ts'
import { decodeUpdate, encodeUpdate, ROOT } from '../../src/replica/update.ts'

const AUTHOR = '12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5'

const batch = fc.uniqueArray(fc.record({ key: fc.stringMatching(/^[a-d]{1,2}$/), value: fc.uint8Array({ maxLength: 80 }) }), {
  minLength: 1,
  maxLength: 8,
  selector: ({ key }) => key,
})

describe('integrated items', () => {
  it('make the document that Y.applyUpdate makes, in any order of logs, keys that repeat included', () => {
    const step = fc.record({ clientId: fc.integer({ min: 1, max: 3 }).map((n) => n * 2 ** 40), entries: batch })
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 12 }), (steps) => {
        const [ours, theirs] = [new Y.Doc(), new Y.Doc()]
        const map = ours.getMap<Uint8Array>(ROOT)
        const clocks = new Map<number, number>()
        for (const { clientId, entries } of steps) {
          const clock = clocks.get(clientId) ?? 0
          clocks.set(clientId, clock + entries.length)
          const update = encodeUpdate({ clientId, clock, entries }, AUTHOR)
          Y.applyUpdate(theirs, update)
          const items = keptItems({ update, entries: decodeUpdate(update, AUTHOR).entries })
          Y.transact(ours, (transaction) => integrateItems(transaction, map, { clientId, from: clock }, items), null, false)
          update.fill(0)
        }
        assert.deepEqual(Y.encodeStateAsUpdate(ours), Y.encodeStateAsUpdate(theirs))
        assert.deepEqual(map.toJSON(), theirs.getMap(ROOT).toJSON())
      }),
      { numRuns: 300 },
    )
  })
})
