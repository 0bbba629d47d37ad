import assert from 'node:assert/strict'
import { test } from 'node:test'
import { agreementScenarioOf, playAgreement } from './agreement-world.ts'

/**
 * Seeds that once found a mistake: a MacroJob that nobody dared to finish, two draws in one attempt, a dead voter, a Job without a report,
 * a round whose only author died before or after its root, a liar that judged itself, a first proposal that named only a peer that died. */
const FOUND = [9, 12, 13, 33, 50, 316, 539, 2033]
/** Some more; `node scripts/simulate.ts --world agreement` plays as many as one likes. */
const MORE = Array.from({ length: 12 }, (_, index) => 1001 + index)

for (const seed of [...FOUND, ...MORE]) {
  test(`a Job ends agreed and right among cheats, deaths and losses: seed ${seed}`, () => {
    const { failures } = playAgreement(agreementScenarioOf(seed))
    assert.deepEqual(failures, [], `replay with: node scripts/simulate.ts --world agreement --seed ${seed} --trace`)
  })
}
