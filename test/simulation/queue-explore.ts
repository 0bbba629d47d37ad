import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import {
  createQueueState,
  makeSnapshot,
  type QueueEffect,
  type QueueEvent,
  type QueueMessage,
  type QueueSettings,
  type QueueState,
  reduceQueue,
  type Slot,
  slotOf,
} from '../../src/job/queue.ts'
import type { Explorable } from './explore.ts'

interface Flight {
  from: string
  to: string
  message: QueueMessage | { type: 'log'; slot: Slot; by: string } | { type: 'fetched'; snapshot: ReturnType<typeof makeSnapshot> }
}

export interface TinyWorld {
  nowMs: number
  states: ReadonlyMap<string, QueueState>
  /** What each peer's callers work on. */
  work: ReadonlyMap<string, readonly Slot[]>
  flights: readonly Flight[]
  recorded: ReadonlySet<Slot>
  /** Faults left to happen. */
  losses: number
  duplicates: number
  overtakes: number
  slows: number
  crashes: number
}

export type TinyAction =
  | { do: 'deliver' | 'lose' | 'duplicate' | 'overtake'; flight: number }
  | { do: 'crash' | 'finish'; peer: string }
  | { do: 'wait' }

type Unclocked<E> = E extends unknown ? Omit<E, 'nowMs'> : never

/** Two steps of the clock lose an owner, four a lock: so a handful of actions gets through a whole succession. */
const STEP_MS = 100
const settings: Partial<QueueSettings> = {
  leaseMs: 4 * STEP_MS,
  beatMs: STEP_MS,
  ownerTimeoutMs: 2 * STEP_MS,
  ownerLeftMs: STEP_MS,
  holderLeftMs: 2 * STEP_MS,
  claimStepMs: STEP_MS,
  retryMs: STEP_MS,
  requestTtlMs: 6 * STEP_MS,
  maxHoldMs: 8 * STEP_MS,
  gapMs: STEP_MS,
  batchMs: 0,
  banMs: STEP_MS,
  frozenMs: 1_000 * STEP_MS,
}
const PROOFS = /^(wrong|bad|forged|contra)/

export interface TinyInit {
  peers: string[]
  /** Who asks for MicroJobs; the others only watch, and may have to claim. */
  workers: string[]
  n: number
  losses: number
  duplicates: number
  /** Messages that come before earlier ones of the same sender. Those of different senders may come in any order anyway. */
  overtakes: number
  /** Steps of the clock for which everything that is on its way hangs; otherwise the clock waits for messages. */
  slows: number
  crashes: number
}

/** `peers` and `n` MicroJobs, of which each worker asks for one; so many of each fault may strike, anywhere. */
export function tinyWorld({ peers, workers, n, ...faults }: TinyInit): Explorable<TinyWorld, TinyAction> {
  const states = new Map(
    peers.map((self, index) => [
      self,
      createQueueState({ self, macroId: 'tiny', n, nowMs: 0, creator: index === 0, members: peers, settings }),
    ]),
  )
  let initial: TinyWorld = { nowMs: 0, states, work: new Map(), flights: [], recorded: new Set(), ...faults }
  for (const peer of workers) initial = dispatch(initial, peer, { type: 'take' })
  return { initial, actions, apply, key }
}

function dispatch(world: TinyWorld, peer: string, event: Unclocked<QueueEvent>): TinyWorld {
  const before = world.states.get(peer)
  if (before === undefined) return world
  const { state, effects } = reduceQueue(before, { ...event, nowMs: world.nowMs } as QueueEvent)
  checkStep(before, state, effects)
  return effects.reduce<TinyWorld>((after, effect) => perform(after, peer, effect), {
    ...world,
    states: new Map(world.states).set(peer, state),
  })
}

function perform(world: TinyWorld, peer: string, effect: QueueEffect): TinyWorld {
  const own = world.work.get(peer) ?? []
  switch (effect.type) {
    case 'send':
      return { ...world, flights: [...world.flights, ...others(world, peer).map((to) => ({ from: peer, to, message: effect.message }))] }
    case 'assigned':
      return { ...world, work: new Map(world.work).set(peer, [...own, ...effect.slots]) }
    case 'lost':
      return resume(
        {
          ...world,
          work: new Map(world.work).set(
            peer,
            own.filter((slot) => !effect.slots.includes(slot)),
          ),
        },
        peer,
      )
    case 'fetch-snapshot': {
      const asked = world.states.get(effect.peer)
      if (asked === undefined) return world
      const flight: Flight = { from: effect.peer, to: peer, message: { type: 'fetched', snapshot: makeSnapshot(asked) } }
      return { ...world, flights: [...world.flights, flight] }
    }
    case 'wake':
      return dispatch(world, peer, { type: 'tick' })
    default:
      return world
  }
}

const others = (world: TinyWorld, peer: string) => [...world.states.keys()].filter((other) => other !== peer)

const resume = (world: TinyWorld, peer: string) => (world.states.get(peer)?.finished ? world : dispatch(world, peer, { type: 'take' }))

function actions(world: TinyWorld): TinyAction[] {
  const possible: TinyAction[] = []
  const links = new Map<string, number>()
  world.flights.forEach(({ from, to, message }, flight) => {
    const place = links.get(`${from}>${to}`) ?? 0
    links.set(`${from}>${to}`, place + 1)
    if (place === 1 && world.overtakes > 0) possible.push({ do: 'overtake', flight })
    if (place > 0) return
    possible.push({ do: 'deliver', flight })
    if (message.type === 'log' || message.type === 'fetched') return
    if (world.losses > 0) possible.push({ do: 'lose', flight })
    if (world.duplicates > 0) possible.push({ do: 'duplicate', flight })
  })
  for (const [peer, slots] of world.work) if (slots.length > 0) possible.push({ do: 'finish', peer })
  if (world.crashes > 0 && world.states.size > 1) for (const peer of world.states.keys()) possible.push({ do: 'crash', peer })
  if (world.flights.length === 0 || world.slows > 0) possible.push({ do: 'wait' })
  return possible
}

function apply(world: TinyWorld, action: TinyAction): TinyWorld {
  switch (action.do) {
    case 'deliver':
      return deliver({ ...world, flights: world.flights.toSpliced(action.flight, 1) }, world.flights[action.flight]!)
    case 'overtake':
      return apply({ ...world, overtakes: world.overtakes - 1 }, { do: 'deliver', flight: action.flight })
    case 'duplicate':
      return deliver({ ...world, duplicates: world.duplicates - 1 }, world.flights[action.flight]!)
    case 'lose':
      return { ...world, losses: world.losses - 1, flights: world.flights.toSpliced(action.flight, 1) }
    case 'crash':
      return crash(world, action.peer)
    case 'finish':
      return finish(world, action.peer)
    case 'wait': {
      const slows = world.slows - (world.flights.length > 0 ? 1 : 0)
      return [...world.states.keys()].reduce((after, peer) => dispatch(after, peer, { type: 'tick' }), {
        ...world,
        nowMs: world.nowMs + STEP_MS,
        slows,
      })
    }
  }
}

function deliver(world: TinyWorld, { from, to, message }: Flight): TinyWorld {
  if (message.type === 'log') return dispatch(world, to, { type: 'recorded', slots: [message.slot], by: message.by })
  if (message.type === 'fetched') return dispatch(world, to, { type: 'snapshot', from, snapshot: message.snapshot })
  return dispatch(world, to, { type: 'message', from, message })
}

function crash(world: TinyWorld, peer: string): TinyWorld {
  const states = new Map(world.states)
  const work = new Map(world.work)
  states.delete(peer)
  work.delete(peer)
  const flights = world.flights.filter(({ to }) => to !== peer)
  return { ...world, states, work, flights, crashes: world.crashes - 1 }
}

/** Records the first MicroJob in work, and asks for the next. The log reaches everybody, in its own time. */
function finish(world: TinyWorld, peer: string): TinyWorld {
  const [slot, ...rest] = world.work.get(peer)!
  const flights = others(world, peer).map((to): Flight => ({ from: peer, to, message: { type: 'log', slot: slot!, by: peer } }))
  const after: TinyWorld = {
    ...world,
    work: new Map(world.work).set(peer, rest),
    recorded: new Set(world.recorded).add(slot!),
    flights: [...world.flights, ...flights],
  }
  return resume(dispatch(after, peer, { type: 'recorded', slots: [slot!], by: peer }), peer)
}

function checkStep(before: QueueState, after: QueueState, effects: readonly QueueEffect[]): void {
  assert.ok(after.epoch >= before.epoch, `${after.self}: epoch ${before.epoch} → ${after.epoch}`)
  before.items.forEach(({ status }, item) => {
    if (status === 'done') assert.equal(after.items[item]!.status, 'done', `${after.self}: MicroJob ${item} was done`)
  })
  const count = (status: string) => after.items.filter((item) => item.status === status).length
  assert.deepEqual([after.openCount, after.doneCount], [count('open'), count('done')], `${after.self}: counts`)
  const locked = after.items.flatMap((item, index) =>
    item.status === 'locked' && item.holder === after.self ? [slotOf(index, item.attempt)] : [],
  )
  assert.deepEqual([...after.ready, ...after.started].sort(), locked.sort(), `${after.self}: what it holds is what is locked for it`)
  for (const effect of effects)
    if (effect.type === 'score') assert.doesNotMatch(effect.code, PROOFS, `${after.self} rejected ${effect.peer}`)
}

/** From here on nothing more goes wrong: everything must come to an end, and all views be one. */
export function assertEndsWell(start: TinyWorld): void {
  let world: TinyWorld = { ...start, losses: 0, duplicates: 0, overtakes: 0, slows: 0, crashes: 0 }
  for (const peer of world.states.keys()) world = resume(world, peer)
  const isDone = () => [...world.states.values()].every((state) => state.finished)
  for (let round = 0; round < 200 && !isDone(); round++) {
    while (world.flights.length > 0) world = apply(world, { do: 'deliver', flight: 0 })
    for (const [peer, slots] of world.work) if (slots.length > 0) world = apply(world, { do: 'finish', peer })
    world = apply(world, { do: 'wait' })
  }
  assert.ok(isDone(), 'everything is done in the end')
  const [n] = [...world.states.values()].map((state) => state.n)
  assert.equal(world.recorded.size, n, 'each MicroJob has a record')
  for (let round = 0; round < 8; round++) {
    while (world.flights.length > 0) world = apply(world, { do: 'deliver', flight: 0 })
    world = apply(world, { do: 'wait' })
  }
  while (world.flights.length > 0) world = apply(world, { do: 'deliver', flight: 0 })
  const states = [...world.states.values()]
  const last = states.reduce((a, b) => (b.epoch > a.epoch || (b.epoch === a.epoch && b.owner === b.self) ? b : a))
  if (last.owner === last.self)
    for (const state of states) assert.deepEqual([state.epoch, state.owner], [last.epoch, last.owner], 'one owner')
}

/** Times matter only by how far they are from now, and beyond a few leases not at all. */
function key(world: TinyWorld): string {
  const relative = (name: string, value: unknown): unknown => {
    if (name === 'settings' || name === 'homes' || name === 'lastGrant') return undefined
    if (value instanceof Map || value instanceof Set) return [...value]
    if (value instanceof Uint8Array) return [...value]
    if (typeof value === 'number' && name.endsWith('Ms') && name !== 'leftMs' && name !== 'leaseMs') {
      return Math.max(-1_000, Math.min(1_000, value - world.nowMs))
    }
    return value
  }
  // Only the order on each link counts.
  const flights = Object.entries(Object.groupBy(world.flights, ({ from, to }) => `${from}>${to}`)).sort()
  const { states, work, recorded, losses, duplicates, overtakes, slows, crashes } = world
  const text = JSON.stringify(
    [[...states.values()], [...work], [...recorded].sort(), flights, losses, duplicates, overtakes, slows, crashes],
    relative,
  )
  return hash('sha1', text, 'base64')
}
