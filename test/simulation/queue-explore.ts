import assert from 'node:assert/strict'
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
import { keyOf } from './queue-explore-key.ts'

/** What is on its way: messages of the queue's channel and its streams, records of the log, the end of a connection, and a peer's own timer. */
export type Parcel =
  | QueueMessage
  | { type: 'log'; slot: Slot; by: string }
  | { type: 'fetch' }
  | { type: 'fetched'; snapshot: ReturnType<typeof makeSnapshot> }
  | { type: 'gone' }
  | { type: 'timer' }

export interface Flight {
  from: string
  to: string
  message: Parcel
}

/** So many of a fault may strike at each peer: on messages to it, or itself. */
export type Budget = Readonly<Record<string, number>>

export interface TinyWorld {
  nowMs: number
  states: ReadonlyMap<string, QueueState>
  /** What each peer's callers work on. */
  work: ReadonlyMap<string, readonly Slot[]>
  /** In the order of sending. */
  flights: readonly Flight[]
  recorded: ReadonlySet<Slot>
  /** Faults left to happen. */
  losses: Budget
  duplicates: Budget
  overtakes: Budget
  delays: Budget
  crashes: Budget
  /** True: the others see the connection of a crashed peer end, after what it had sent. */
  noticed: boolean
  dawdles: number
  /** True once a fault has struck. */
  struck: boolean
  /** Links, as `from>to`, whose messages come after the clock's next step. */
  held: ReadonlySet<string>
}

export type TinyAction =
  | { do: 'deliver' | 'lose' | 'duplicate' | 'overtake' | 'delay'; from: string; to: string }
  | { do: 'crash' | 'finish'; peer: string }
  | { do: 'wait' }

type Unclocked<E> = E extends unknown ? Omit<E, 'nowMs'> : never

/** Two steps of the clock lose an owner, four a lock: so a handful of actions gets through a whole succession. */
export const STEP_MS = 100
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
  // Nobody is frozen here, and no caller hangs.
  frozenMs: 1_000 * STEP_MS,
}
const PROOFS = /^(wrong|bad|forged|contra)/

export interface TinyInit {
  peers: string[]
  /** Who asks for MicroJobs; the others only watch, and may have to claim. */
  workers: string[]
  n: number
  losses?: Budget
  duplicates?: Budget
  /** Messages that come before the one that the same sender sent just before. Those of different senders come in any order anyway. */
  overtakes?: Budget
  /** Times that a link hangs for a step of the clock, with all that is on it; otherwise the clock waits for messages. */
  delays?: Budget
  crashes?: Budget
  noticed?: boolean
  /** Steps of the clock that pass while somebody works; otherwise the clock waits for the work, too. */
  dawdles?: number
}

/** `peers` and `n` MicroJobs, of which each worker asks for one; so many of each fault may strike, anywhere. */
export function tinyWorld(init: TinyInit): Explorable<TinyWorld, TinyAction> {
  const { peers, workers, n, losses = {}, duplicates = {}, overtakes = {}, delays = {}, crashes = {} } = init
  const { noticed = false, dawdles = 0 } = init
  const states = new Map(
    peers.map((self, index) => [
      self,
      createQueueState({ self, macroId: 'tiny', n, nowMs: 0, creator: index === 0, members: peers, settings }),
    ]),
  )
  const faults = { losses, duplicates, overtakes, delays, crashes, noticed, dawdles }
  let initial: TinyWorld = {
    nowMs: 0,
    states,
    work: new Map(),
    flights: [],
    recorded: new Set(),
    held: new Set(),
    struck: false,
    ...faults,
  }
  for (const peer of workers) initial = dispatch(initial, peer, { type: 'take' })
  return { initial, actions: enoughActions, apply, key: keyOf }
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
      return send(world, peer, others(world, peer), effect.message)
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
    case 'fetch-snapshot':
      return world.states.has(effect.peer) ? send(world, peer, [effect.peer], { type: 'fetch' }) : world
    case 'wake':
      return world.flights.some(({ to, message }) => to === peer && message.type === 'timer')
        ? world
        : send(world, peer, [peer], { type: 'timer' })
    default:
      return world
  }
}

const send = (world: TinyWorld, from: string, peers: readonly string[], message: Parcel): TinyWorld => ({
  ...world,
  flights: [...world.flights, ...peers.map((to) => ({ from, to, message }))],
})

const others = (world: TinyWorld, peer: string) => [...world.states.keys()].filter((other) => other !== peer)

const resume = (world: TinyWorld, peer: string) => (world.states.get(peer)?.finished ? world : dispatch(world, peer, { type: 'take' }))

const isWorking = (world: TinyWorld, peer: string) => (world.work.get(peer)?.length ?? 0) > 0

/** All living peers know that all is done, nobody works, and nothing is on its way. */
const hasEnded = (world: TinyWorld): boolean =>
  world.flights.length === 0 && [...world.states.values()].every((state) => state.finished && !isWorking(world, state.self))

/** What is on its way to `peer`, by sender. */
function arrivals({ flights }: TinyWorld, peer: string): Map<string, Parcel[]> {
  const links = new Map<string, Parcel[]>()
  for (const { from, to, message } of flights) {
    if (to !== peer) continue
    const link = links.get(from)
    if (link === undefined) links.set(from, [message])
    else link.push(message)
  }
  return links
}

/** Streams and the log repeat what is lost, and do not mix things up. */
const isReliable = ({ type }: Parcel) => type === 'log' || type === 'fetch' || type === 'fetched' || type === 'gone' || type === 'timer'

const nameOf = ({ from, to }: { from: string; to: string }) => `${from}>${to}`

const left = (budget: Budget, peer: string) => budget[peer] ?? 0

/** All that can happen at one peer, and happens to nobody else. */
function actionsAt(world: TinyWorld, peer: string): TinyAction[] {
  const possible: TinyAction[] = []
  for (const [from, [first, second]] of arrivals(world, peer)) {
    const link = { from, to: peer }
    if (world.held.has(nameOf(link))) continue
    possible.push({ do: 'deliver', ...link })
    if (first!.type !== 'timer' && left(world.delays, peer) > 0) possible.push({ do: 'delay', ...link })
    if (second !== undefined && left(world.overtakes, peer) > 0) possible.push({ do: 'overtake', ...link })
    if (isReliable(first!)) continue
    if (left(world.losses, peer) > 0) possible.push({ do: 'lose', ...link })
    if (left(world.duplicates, peer) > 0) possible.push({ do: 'duplicate', ...link })
  }
  if (isWorking(world, peer)) possible.push({ do: 'finish', peer })
  if (left(world.crashes, peer) > 0 && world.states.size > 1) possible.push({ do: 'crash', peer })
  return possible
}

/**
 * What happens at one peer changes that peer and the ends of the links from it, so what happens at two comes to the same in either
 * order; only the clock strikes for all, and not while anything arrives. So one peer's actions are enough, where nothing that the others
 * may do meanwhile can add to them: something of each other peer is on its way to it, and what is sent later comes later.
 */
function enoughActions(world: TinyWorld): TinyAction[] {
  const all = allActions(world)
  const at = Object.values(Object.groupBy(all, (action) => ('to' in action ? action.to : 'peer' in action ? action.peer : '')))
  const enough = at.filter((actions) => actions!.length === all.length || isClosed(world, actions!))
  return enough.reduce((fewest, actions) => (actions!.length < fewest!.length ? actions : fewest), all)!
}

export function allActions(world: TinyWorld): TinyAction[] {
  if (hasEnded(world)) return []
  const all = [...world.states.keys()].flatMap((peer) => actionsAt(world, peer))
  return mayWait(world) ? [...all, { do: 'wait' }] : all
}

function isClosed(world: TinyWorld, actions: readonly TinyAction[]): boolean {
  const arriving = actions.flatMap((action) => (action.do === 'deliver' ? [action] : []))[0]
  if (arriving === undefined) return false
  const links = arrivals(world, arriving.to)
  const needed = left(world.overtakes, arriving.to) > 0 ? 2 : 1
  return others(world, arriving.to).every((other) => (links.get(other)?.length ?? 0) >= needed)
}

/** The clock waits for all that is on its way, but for what hangs, and for the work, unless that dawdles. */
const mayWait = (world: TinyWorld): boolean =>
  world.flights.every((flight) => world.held.has(nameOf(flight))) && (world.dawdles > 0 || !isAnybodyWorking(world))

const isAnybodyWorking = (world: TinyWorld) => [...world.states.keys()].some((peer) => isWorking(world, peer))

function apply(world: TinyWorld, action: TinyAction): TinyWorld {
  switch (action.do) {
    case 'deliver':
      return arrive(world, action, 0)
    case 'overtake':
      return arrive(strike(world, 'overtakes', action.to), action, 1)
    case 'duplicate':
      return deliver(strike(world, 'duplicates', action.to), world.flights[placeOf(world, action, 0)]!)
    case 'lose':
      return { ...strike(world, 'losses', action.to), flights: world.flights.toSpliced(placeOf(world, action, 0), 1) }
    case 'delay':
      return { ...strike(world, 'delays', action.to), held: new Set(world.held).add(nameOf(action)) }
    case 'crash':
      return crash(strike(world, 'crashes', action.peer), action.peer)
    case 'finish':
      return finish(world, action.peer)
    case 'wait':
      return wait(world)
  }
}

const strike = (world: TinyWorld, fault: 'losses' | 'duplicates' | 'overtakes' | 'delays' | 'crashes', peer: string): TinyWorld => ({
  ...world,
  [fault]: { ...world[fault], [peer]: left(world[fault], peer) - 1 },
  struck: true,
})

function placeOf({ flights }: TinyWorld, link: { from: string; to: string }, nth: number): number {
  let seen = 0
  return flights.findIndex(({ from, to }) => from === link.from && to === link.to && seen++ === nth)
}

function arrive(world: TinyWorld, link: { from: string; to: string }, nth: number): TinyWorld {
  const place = placeOf(world, link, nth)
  return deliver({ ...world, flights: world.flights.toSpliced(place, 1) }, world.flights[place]!)
}

function deliver(world: TinyWorld, { from, to, message }: Flight): TinyWorld {
  switch (message.type) {
    case 'log':
      return dispatch(world, to, { type: 'recorded', slots: [message.slot], by: message.by })
    case 'fetch': {
      const asked = world.states.get(to)
      return asked === undefined || !world.states.has(from)
        ? world
        : send(world, to, [from], { type: 'fetched', snapshot: makeSnapshot(asked) })
    }
    case 'fetched':
      return dispatch(world, to, { type: 'snapshot', from, snapshot: message.snapshot })
    case 'gone':
      return dispatch(world, to, { type: 'peer', peer: from, change: 'left' })
    case 'timer':
      return dispatch(world, to, { type: 'tick' })
    default:
      return dispatch(world, to, { type: 'message', from, message })
  }
}

function crash(world: TinyWorld, peer: string): TinyWorld {
  const states = new Map(world.states)
  const work = new Map(world.work)
  states.delete(peer)
  work.delete(peer)
  const flights = world.flights.filter(({ to }) => to !== peer)
  const after = { ...world, states, work, flights }
  return world.noticed ? send(after, peer, [...states.keys()], { type: 'gone' }) : after
}

/** Records the first MicroJob in work, and asks for the next. The log reaches everybody, in its own time. */
function finish(world: TinyWorld, peer: string): TinyWorld {
  const [slot, ...rest] = world.work.get(peer)!
  assert.ok(world.struck || !world.recorded.has(slot!), `${peer} did MicroJob ${slot} again, and nothing had gone wrong`)
  const after: TinyWorld = { ...world, work: new Map(world.work).set(peer, rest), recorded: new Set(world.recorded).add(slot!) }
  const told = send(after, peer, others(world, peer), { type: 'log', slot: slot!, by: peer })
  return resume(dispatch(told, peer, { type: 'recorded', slots: [slot!], by: peer }), peer)
}

function wait(world: TinyWorld): TinyWorld {
  const dawdles = world.dawdles - (isAnybodyWorking(world) ? 1 : 0)
  const later: TinyWorld = { ...world, nowMs: world.nowMs + STEP_MS, dawdles, held: new Set() }
  return [...world.states.keys()].reduce((after, peer) => dispatch(after, peer, { type: 'tick' }), later)
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

const deliverAll = (start: TinyWorld): TinyWorld => {
  let world = start
  while (world.flights.length > 0) world = arrive(world, world.flights[0]!, 0)
  return world
}

/** All is done: each MicroJob has a record, and after a while all see one owner, where it lives. */
export function assertSettled(start: TinyWorld): void {
  const [n] = [...start.states.values()].map((state) => state.n)
  assert.equal(start.recorded.size, n, 'each MicroJob has a record')
  let world = start
  for (let round = 0; round < 8; round++) world = wait(deliverAll(world))
  const states = [...deliverAll(world).states.values()]
  assert.ok(
    states.every(({ finished }) => finished),
    'what is done stays done',
  )
  const last = states.reduce((a, b) => (b.epoch > a.epoch || (b.epoch === a.epoch && b.owner === b.self) ? b : a))
  if (last.owner === last.self)
    for (const state of states) assert.deepEqual([state.epoch, state.owner], [last.epoch, last.owner], 'one owner')
}
