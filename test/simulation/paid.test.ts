import assert from 'node:assert/strict'
import { test } from 'node:test'
import { paidScenarioOf, playPaid } from './paid-world.ts'

/** Seed 2 once found a mistake: a peer could endorse one proposal of an attempt and no better one after it, so that none was endorsed by all. */
const FOUND = [2]
/** Some more; `node scripts/simulate.ts --world paid` plays as many as one likes. */
const MORE = Array.from({ length: 8 }, (_, index) => 3001 + index)

for (const seed of [...FOUND, ...MORE]) {
  test(`a paid Job is paid once and to those with a bond, among reorganisations and lost bonds: seed ${seed}`, () => {
    const { failures } = playPaid(paidScenarioOf(seed))
    assert.deepEqual(failures, [], `replay with: node scripts/simulate.ts --world paid --seed ${seed} --trace`)
  })
}
