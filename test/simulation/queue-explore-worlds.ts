import { type Exhaustion, exhaust } from './explore.ts'
import { assertSettled, type Budget, type TinyInit, tinyWorld } from './queue-explore.ts'

type Fault = 'losses' | 'duplicates' | 'overtakes' | 'delays' | 'crashes'
type NamedWorld = { name: string } & TinyInit

const two = { peers: ['a', 'b'], workers: ['a', 'b'] }
/** `a` creates the queue; that it works, too, is what costs most states. */
const three = { peers: ['a', 'b', 'c'], workers: ['b', 'c'] }
const threeAtWork = { peers: ['a', 'b', 'c'], workers: ['a', 'b', 'c'] }

const told: Record<Fault, string> = {
  losses: 'one message to {} is lost',
  duplicates: 'one message to {} comes twice',
  overtakes: 'one message to {} overtakes another of its sender',
  delays: 'one link to {} hangs for a while',
  crashes: '{} dies',
}

const once = (fault: Fault, peer: string): Partial<Record<Fault, Budget>> => ({ [fault]: { [peer]: 1 } })

/** What strikes anywhere at most once strikes at most once at one of the peers: a world for each holds everything that one for all would hold. */
const onceAnywhere = (name: string, fault: Fault, init: TinyInit): NamedWorld[] =>
  init.peers.map((peer) => ({ name: `${name}, ${told[fault].replace('{}', peer)}`, ...init, ...once(fault, peer) }))

/** Those that take seconds. */
export const tinyWorlds: readonly NamedWorld[] = [
  { name: 'two peers, no fault', ...two, n: 3, dawdles: 3 },
  {
    name: 'two peers, all kinds of faults of messages',
    ...two,
    n: 2,
    dawdles: 1,
    losses: { a: 1, b: 1 },
    duplicates: { b: 1 },
    delays: { a: 1 },
  },
  { name: 'three peers, no fault', ...threeAtWork, n: 2 },
  ...onceAnywhere('three peers', 'crashes', { ...threeAtWork, n: 2 }),
  ...onceAnywhere('three peers of which two work', 'losses', { ...three, n: 2 }),
  { name: 'three peers of which two work, one message to b comes twice', ...three, n: 2, ...once('duplicates', 'b') },
  { name: 'three peers of which two work, one message to a overtakes another', ...three, n: 2, ...once('overtakes', 'a') },
  { name: 'three peers of which two work, one link to b hangs for a while', ...three, n: 2, ...once('delays', 'b') },
  // Two claims of one epoch.
  { name: 'three peers of which two work, b dies, one link to a hangs', ...three, n: 2, ...once('delays', 'a'), ...once('crashes', 'b') },
  { name: 'three peers of which two work, a and b die', ...three, n: 2, crashes: { a: 1, b: 1 } },
]

/** Those that take minutes, too: all three work, two faults strike, or there are three MicroJobs. */
export const smallWorlds: readonly NamedWorld[] = [
  ...tinyWorlds,
  { name: 'three peers that may take long', ...threeAtWork, n: 2, dawdles: 6 },
  ...onceAnywhere('three peers that see it', 'crashes', { ...threeAtWork, n: 2, noticed: true }),
  ...onceAnywhere('three peers that may take long', 'crashes', { ...threeAtWork, n: 2, dawdles: 5 }),
  ...(['losses', 'duplicates', 'overtakes', 'delays'] as const).flatMap((fault) =>
    onceAnywhere('three peers', fault, { ...threeAtWork, n: 2 }),
  ),
  ...(['losses', 'duplicates', 'delays'] as const).flatMap((fault) =>
    threeAtWork.peers.flatMap((peer) =>
      onceAnywhere(`three peers, ${told[fault].replace('{}', peer)}`, 'crashes', { ...threeAtWork, n: 2, ...once(fault, peer) }),
    ),
  ),
  { name: 'three peers, two of them die', ...threeAtWork, n: 2, crashes: { a: 1, b: 1 } },
  { name: 'three peers, three MicroJobs, no fault', ...threeAtWork, n: 3 },
  ...(['crashes', 'losses', 'duplicates'] as const).flatMap((fault) =>
    onceAnywhere('three peers, three MicroJobs', fault, { ...threeAtWork, n: 3 }),
  ),
]

/** Three times what the largest of these worlds has: two hundred bytes each. */
const MAX_STATES = 2_000_000

/** Tries everything that can happen in a world. Throws where an invariant breaks, or where something can go on for ever, with the way there. */
export function exploreQueue(init: TinyInit): Exhaustion {
  const found = exhaust(tinyWorld(init), { maxStates: MAX_STATES, ended: assertSettled })
  if (!found.complete) throw new Error(`expected at most ${MAX_STATES} states, found more: this world is too large to be tried out`)
  return found
}
