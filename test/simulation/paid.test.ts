import assert from 'node:assert/strict'
import { test } from 'node:test'
import { paidScenarioOf, playPaid } from './paid-world.ts'

/**
 * Seeds that once found a mistake: a peer could endorse one proposal of an attempt and no better one after it; one liar convicted a peer that judged its own
 * work; a wallet without a bond was picked before anybody had looked at the chain; one of three died, and whoever was left to confirm a result was not asked.
 */
const FOUND = [2, 30, 107, 323, 340]
/** Some more; `node scripts/simulate.ts --world paid` plays as many as one likes. */
const MORE = Array.from({ length: 4 }, (_, index) => 3001 + index)

for (const seed of [...FOUND, ...MORE]) {
  test(`a paid Job is paid once and to those with a bond, among reorganisations and lost bonds: seed ${seed}`, () => {
    const { failures } = playPaid(paidScenarioOf(seed))
    assert.deepEqual(failures, [], `replay with: node scripts/simulate.ts --world paid --seed ${seed} --trace`)
  })
}
