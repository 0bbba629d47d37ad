/**
 * Plays seeded worlds of the MicroJob queue: `npm run simulate` (10,000 seeds), `node scripts/simulate.ts --seed N` replays one,
 * with `--trace` every effect of it; `--from N --count N` play a range.
 */
import { writeSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { scenarioOf } from '../test/simulation/queue-scenario.ts'
import { playScenario } from '../test/simulation/queue-world.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    from: { type: 'string', default: '1' },
    count: { type: 'string', default: '10000' },
    trace: { type: 'boolean', default: false },
  },
})

const print = (line: string) => writeSync(1, `${line}\n`)

function play(seed: number): boolean {
  const scenario = scenarioOf(seed)
  const { failures } = playScenario(scenario, values.trace ? { trace: print } : {})
  if (failures.length === 0) return true
  print(`seed ${seed} failed; replay with: node scripts/simulate.ts --seed ${seed} --trace`)
  for (const failure of failures) print(`  ${failure}`)
  return false
}

if (values.seed !== undefined) {
  const scenario = scenarioOf(Number(values.seed))
  print(JSON.stringify(scenario))
  if (play(scenario.seed)) print(`seed ${scenario.seed} holds: ${JSON.stringify(playScenario(scenario))}`)
  else process.exitCode = 1
} else {
  const startedMs = performance.now()
  const [from, count] = [Number(values.from), Number(values.count)]
  let failed = 0
  for (let seed = from; seed < from + count; seed++) {
    if (!play(seed)) failed++
    if ((seed - from + 1) % 1_000 === 0) print(`${seed - from + 1} seeds played, ${failed} failed`)
  }
  print(`${count} seeds in ${((performance.now() - startedMs) / 1000).toFixed(1)} s, ${failed} failed`)
  if (failed > 0) process.exitCode = 1
}
