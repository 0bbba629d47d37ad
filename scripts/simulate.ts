/**
 * Plays seeded worlds with the production reducers: `npm run simulate` plays 10,000 of the MicroJob queue, 100 whole agreements and 50 Jobs that a chain pays,
 * and tries everything that can happen in small queues. `--world queue|agreement|paid|explore` chooses one kind, `--seed N` replays one seed of it,
 * with `--trace` step by step; `--from N --count N` play a range.
 */
import { writeSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { agreementScenarioOf, playAgreement } from '../test/simulation/agreement-world.ts'
import { paidScenarioOf, playPaid } from '../test/simulation/paid-world.ts'
import { exploreQueue, smallWorlds } from '../test/simulation/queue-explore-worlds.ts'
import { scenarioOf } from '../test/simulation/queue-scenario.ts'
import { playScenario } from '../test/simulation/queue-world.ts'

interface World {
  /** Seeds that are played unless `--count` says otherwise: about a minute each kind. */
  count: number
  scenario(seed: number): unknown
  play(seed: number, options: { trace?: (line: string) => void }): { failures: string[] }
}

const WORLDS: Record<string, World> = {
  queue: { count: 10_000, scenario: scenarioOf, play: (seed, options) => playScenario(scenarioOf(seed), options) },
  agreement: { count: 100, scenario: agreementScenarioOf, play: (seed, options) => playAgreement(agreementScenarioOf(seed), options) },
  paid: { count: 50, scenario: paidScenarioOf, play: (seed, options) => playPaid(paidScenarioOf(seed), options) },
  // Here a seed is a place in the list of small worlds.
  explore: { count: smallWorlds.length, scenario: smallWorldOf, play: searchSmallWorld },
}

const { values } = parseArgs({
  options: {
    world: { type: 'string' },
    seed: { type: 'string' },
    from: { type: 'string', default: '1' },
    count: { type: 'string' },
    trace: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
})

const print = (line: string) => writeSync(1, `${line}\n`)

function smallWorldOf(place: number) {
  const world = smallWorlds[place - 1]
  if (world === undefined) throw new RangeError(`expected a world from 1 to ${smallWorlds.length}, found ${place}`)
  return world
}

function searchSmallWorld(place: number): { failures: string[] } {
  const { name, ...init } = smallWorldOf(place)
  try {
    const { states, transitions, ends, longest } = exploreQueue(init)
    print(`${name}: all ${states} states, ${transitions} transitions, ${ends} ends, the longest after ${longest} actions`)
    return { failures: [] }
  } catch (error) {
    return { failures: [`${name}: ${error instanceof Error ? error.message : String(error)}`] }
  }
}

function play(name: string, world: World, seed: number): boolean {
  const { failures } = world.play(seed, values.trace ? { trace: print } : {})
  if (failures.length === 0) return true
  print(`${name} seed ${seed} failed; replay with: node scripts/simulate.ts --world ${name} --seed ${seed} --trace`)
  for (const failure of failures) print(`  ${failure}`)
  return false
}

function playRange(name: string, world: World): number {
  const startedMs = performance.now()
  const from = Number(values.from)
  const count = Number(values.count ?? world.count)
  let failed = 0
  for (let seed = from; seed < from + count; seed++) {
    if (!play(name, world, seed)) failed++
    if ((seed - from + 1) % 1000 === 0) print(`${name}: ${seed - from + 1} seeds played, ${failed} failed`)
  }
  print(`${name}: ${count} seeds in ${((performance.now() - startedMs) / 1000).toFixed(1)} s, ${failed} failed`)
  return failed
}

const HELP = `usage: npm run simulate -- [options]

  --world <kind>        queue (10,000 seeds unless --count says otherwise), agreement (100), paid (50) or explore (small queues); default: all
  --seed <n>            replay one seed of that world
  --trace               … step by step
  --from <n> --count <n>  a range of seeds`

const names = values.world === undefined ? Object.keys(WORLDS) : [values.world]
const unknown = names.find((name) => WORLDS[name] === undefined)
if (values.help) print(HELP)
else if (unknown !== undefined) {
  print(`expected --world ${Object.keys(WORLDS).join(' or ')}, found ${unknown}`)
  process.exitCode = 2
} else if (values.seed !== undefined) {
  const name = values.world ?? 'queue'
  const world = WORLDS[name] as World
  // A behaviour may be a function.
  print(JSON.stringify(world.scenario(Number(values.seed)), (_, value) => (typeof value === 'function' ? true : value)))
  if (play(name, world, Number(values.seed))) print(`${name} seed ${values.seed} holds`)
  else process.exitCode = 1
} else if (names.map((name) => playRange(name, WORLDS[name] as World)).some((failed) => failed > 0)) process.exitCode = 1
