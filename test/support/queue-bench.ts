import {
  createQueueState,
  makeSnapshot,
  type QueueEffect,
  type QueueEvent,
  type QueueInit,
  type QueueMessage,
  type QueueState,
  reduceQueue,
  type Slot,
} from '../../src/job/queue.ts'

type Unclocked<E> = E extends unknown ? Omit<E, 'nowMs'> : never
type Lose = (message: QueueMessage, from: string, to: string) => boolean

/** A few peers on one table: messages arrive at once unless `lose` says otherwise, and time passes only in `advance`. */
export interface QueueBench {
  nowMs: number
  /** Messages for which this holds are lost. */
  lose: Lose
  /** Everything that was sent, in order. */
  readonly sent: { from: string; message: QueueMessage }[]
  readonly effects: { peer: string; effect: QueueEffect }[]
  state(peer: string): QueueState
  /** What was given to the callers at `peer` and neither finished nor lost. */
  working(peer: string): Slot[]
  event(peer: string, event: Unclocked<QueueEvent>): QueueEffect[]
  take(peer: string, count?: number): void
  /** `peer` finishes; the record reaches everybody that lives. */
  finish(peer: string, slots: readonly Slot[]): void
  /** Ticks of 10 ms for the living. */
  advance(ms: number): void
  /** No more events for this peer. */
  stop(peer: string): void
  resume(peer: string): void
  offences(by: string): string[]
}

export function createQueueBench(peers: readonly string[], init: Partial<QueueInit> & { n: number }): QueueBench {
  const states = new Map(
    peers.map((self, index) => [
      self,
      createQueueState({ macroId: 'macro', members: peers, creator: index === 0, ...init, self, nowMs: 0 }),
    ]),
  )
  const stopped = new Set<string>()
  const works = new Map<string, Slot[]>(peers.map((peer) => [peer, []]))
  const wakes = new Map<string, number>()

  const perform = (peer: string, effect: QueueEffect) => {
    bench.effects.push({ peer, effect })
    const work = works.get(peer)!
    if (effect.type === 'assigned') work.push(...effect.slots)
    if (effect.type === 'lost')
      works.set(
        peer,
        work.filter((slot) => !effect.slots.includes(slot)),
      )
    if (effect.type === 'wake') wakes.set(peer, Math.min(wakes.get(peer) ?? Number.POSITIVE_INFINITY, bench.nowMs + effect.afterMs))
    if (effect.type === 'fetch-snapshot' && !stopped.has(effect.peer) && states.has(effect.peer)) {
      bench.event(peer, { type: 'snapshot', from: effect.peer, snapshot: makeSnapshot(bench.state(effect.peer)) })
    }
    if (effect.type === 'send') broadcast(peer, effect.message)
  }

  const broadcast = (from: string, message: QueueMessage) => {
    bench.sent.push({ from, message })
    for (const to of peers)
      if (to !== from && !stopped.has(to) && !bench.lose(message, from, to)) bench.event(to, { type: 'message', from, message })
  }

  const bench: QueueBench = {
    nowMs: 0,
    lose: () => false,
    sent: [],
    effects: [],
    state: (peer) => states.get(peer)!,
    working: (peer) => works.get(peer)!,
    event(peer, event) {
      if (stopped.has(peer)) return []
      const { state, effects } = reduceQueue(states.get(peer)!, { ...event, nowMs: bench.nowMs } as QueueEvent)
      states.set(peer, state)
      for (const effect of effects) perform(peer, effect)
      return effects
    },
    take(peer, count = 1) {
      for (let i = 0; i < count; i++) bench.event(peer, { type: 'take' })
    },
    finish(peer, slots) {
      works.set(
        peer,
        works.get(peer)!.filter((slot) => !slots.includes(slot)),
      )
      for (const to of peers) bench.event(to, { type: 'recorded', slots, by: peer })
    },
    advance(ms) {
      const untilMs = bench.nowMs + ms
      while (bench.nowMs < untilMs) {
        const wakeMs = Math.min(...wakes.values())
        bench.nowMs = Math.min(untilMs, Math.max(bench.nowMs, Math.min(wakeMs, bench.nowMs + 10)))
        for (const [peer, atMs] of wakes) if (atMs <= bench.nowMs) wakes.delete(peer)
        for (const peer of peers) bench.event(peer, { type: 'tick' })
      }
    },
    stop: (peer) => void stopped.add(peer),
    resume: (peer) => void stopped.delete(peer),
    offences: (by) =>
      bench.effects.flatMap(({ peer, effect }) => (peer === by && effect.type === 'score' ? [`${effect.peer}:${effect.code}`] : [])),
  }
  return bench
}
