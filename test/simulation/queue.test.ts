import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Scenario, scenarioOf } from './queue-scenario.ts'
import { playScenario } from './queue-world.ts'

/** `npm run simulate` plays 10,000; these are the first of another range, so that both together see more. */
const SEEDS = { from: 100_001, count: 250 }

const calm: Scenario = {
  seed: 7,
  peers: 6,
  tempers: new Array(6).fill('honest'),
  n: 120,
  workers: 1,
  workMs: [20, 60],
  network: { lossChance: 0, duplicateChance: 0, minDelayMs: 1, maxDelayMs: 20 },
  noticeMs: 100,
  stubborn: false,
  faults: [],
  calmMs: 0,
}

describe('queue: simulated worlds', () => {
  it(`hold their invariants over ${SEEDS.count} seeds`, () => {
    for (let seed = SEEDS.from; seed < SEEDS.from + SEEDS.count; seed++) {
      const { failures } = playScenario(scenarioOf(seed))
      assert.deepEqual(failures, [], `replay with: node scripts/simulate.ts --seed ${seed} --trace`)
    }
  })

  it('are the same each time a seed is played', () => {
    assert.deepEqual(playScenario(scenarioOf(100_042)), playScenario(scenarioOf(100_042)))
  })

  it('do each MicroJob once where nothing goes wrong, and nobody claims', () => {
    for (const peers of [1, 2, 5, 11]) {
      const { failures, executions, claims } = playScenario({ ...calm, peers, tempers: calm.tempers.concat(calm.tempers) })
      assert.deepEqual({ failures, executions, claims }, { failures: [], executions: calm.n, claims: 0 })
    }
  })

  it('do next to nothing twice in two halves of a cut', () => {
    const faults: Scenario['faults'] = [{ kind: 'partition', split: 3, atMs: 300, forMs: 4_000 }]
    const { failures, executions } = playScenario({ ...calm, n: 800, faults, calmMs: 4_301 })
    assert.deepEqual(failures, [])
    assert.ok(executions - 800 <= 16, `${executions - 800} of 800 done twice: at most what was ahead in the other half`)
  })

  it('do not flap where one peer hears nobody', () => {
    const faults: Scenario['faults'] = [{ kind: 'deaf', peer: 2, atMs: 200, forMs: 60_000 }]
    const { failures, claims } = playScenario({ ...calm, n: 400, workMs: [300, 900], faults, calmMs: 60_201 })
    assert.deepEqual(failures, [])
    assert.ok(claims <= 8, `${claims} claims in a minute`)
  })
})
