import type { QueueSnapshot, Slot } from '../../src/job/queue.ts'
import {
  createQueueState,
  makeSnapshot,
  type QueueEffect,
  type QueueInit,
  type QueueMessage,
  type QueueState,
  reduceQueue,
} from '../../src/job/queue.ts'
import type { SimContext, SimNode } from './simulator.ts'

/** What the nodes of a queue's world say to each other: the queue's channel, its streams, and the Job's log. */
export type Wire =
  | { kind: 'queue'; message: QueueMessage }
  | { kind: 'fetch' }
  | { kind: 'fetched'; snapshot: QueueSnapshot }
  | { kind: 'log'; entries: LogEntry[] }

export type LogEntry = { kind: 'record'; slot: Slot; by: string } | { kind: 'reopen'; slot: Slot }

/** A peer's copy of the Job's log: it survives a restart, as the one on disk does. */
export type Log = Map<string, LogEntry>

export const keyOfEntry = (entry: LogEntry): string => (entry.kind === 'record' ? `${entry.slot}/${entry.by}` : `reopen/${entry.slot}`)

/** hoarder: never answers a request. lazy: locks and never finishes. silent: the same, and renews nothing. */
export type Temper = 'honest' | 'hoarder' | 'lazy' | 'silent'

export interface QueueNodeInit extends Omit<QueueInit, 'self' | 'nowMs'> {
  temper: Temper
  log: Log
  workers: number
  workMs: () => number
  /** True: what was lost is finished and submitted all the same. */
  stubborn: boolean
  /** Sees every step: for invariants and counts. */
  watch: (id: string, before: QueueState, after: QueueState, effects: readonly QueueEffect[], event: string) => void
  executed: (id: string, slot: Slot) => void
}

export interface QueueNode extends SimNode<Wire> {
  state(): QueueState
  append(entries: readonly LogEntry[]): void
}

/** The anti-entropy of the real log runs about so often. */
const LOG_SYNC_MS = 500

/** The production reducer with a worker and a log, on the simulator's clock and network. */
export function createQueueNode(context: SimContext<Wire>, init: QueueNodeInit): QueueNode {
  const { self } = context
  const { temper, log } = init
  let state = createQueueState({ ...init, self, nowMs: context.nowMs() })
  let lastSyncMs = context.nowMs()
  let wakeAtMs = Number.POSITIVE_INFINITY
  const discarded = new Set<Slot>()
  /** Workers that heard that all is done; a reopening calls them back. */
  let resting = 0

  const dispatch = (
    event: Parameters<typeof reduceQueue>[1] extends infer E ? (E extends { nowMs: number } ? Omit<E, 'nowMs'> : never) : never,
  ) => {
    const before = state
    const { state: after, effects } = reduceQueue(before, { ...event, nowMs: context.nowMs() } as Parameters<typeof reduceQueue>[1])
    state = after
    init.watch(self, before, after, effects, event.type)
    if (after.finished && !before.finished) resting += before.takers
    for (const effect of effects) perform(effect)
    if (before.finished && !state.finished) for (; resting > 0; resting--) dispatch({ type: 'take' })
  }

  const next = () => {
    if (state.finished) resting++
    else dispatch({ type: 'take' })
  }

  const perform = (effect: QueueEffect) => {
    switch (effect.type) {
      case 'send':
        if (temper === 'silent' && effect.message.type === 'beat' && !effect.message.owner) break
        context.broadcast({ kind: 'queue', message: effect.message })
        break
      case 'assigned':
        for (const slot of effect.slots) work(slot)
        break
      case 'lost':
        for (const slot of effect.slots) if (!init.stubborn) discarded.add(slot)
        break
      case 'fetch-snapshot':
        context.send(effect.peer, { kind: 'fetch' })
        break
      case 'wake':
        wakeSoon(effect.afterMs)
        break
      default:
        break
    }
  }

  const wakeSoon = (afterMs: number) => {
    const atMs = context.nowMs() + afterMs
    if (wakeAtMs <= atMs) return
    wakeAtMs = atMs
    context.after(afterMs, () => {
      wakeAtMs = Number.POSITIVE_INFINITY
      dispatch({ type: 'tick' })
    })
  }

  const work = (slot: Slot) => {
    discarded.delete(slot)
    if (temper === 'lazy' || temper === 'silent') {
      context.after(init.workMs(), next)
      return
    }
    context.after(init.workMs(), () => {
      if (discarded.delete(slot)) {
        next()
        return
      }
      init.executed(self, slot)
      append([{ kind: 'record', slot, by: self }])
      next()
    })
  }

  const append = (entries: readonly LogEntry[]) => {
    const fresh = entries.filter((entry) => !log.has(keyOfEntry(entry)))
    if (fresh.length === 0) return
    for (const entry of fresh) log.set(keyOfEntry(entry), entry)
    apply(fresh)
    context.broadcast({ kind: 'log', entries: fresh })
  }

  const apply = (entries: Iterable<LogEntry>) => {
    for (const entry of entries) {
      if (entry.kind === 'record') dispatch({ type: 'recorded', slots: [entry.slot], by: entry.by })
      else dispatch({ type: 'reopened', slots: [entry.slot] })
    }
  }

  const syncLog = () => {
    if (context.nowMs() - lastSyncMs < LOG_SYNC_MS || log.size === 0 || state.members.size === 0) return
    lastSyncMs = context.nowMs()
    context.send(context.random.pick([...state.members.keys()]), { kind: 'log', entries: [...log.values()] })
  }

  const node: QueueNode = {
    state: () => state,
    append,
    onMessage(wire, from) {
      switch (wire.kind) {
        case 'queue':
          if (temper === 'hoarder' && wire.message.type === 'request') break
          dispatch({ type: 'message', from, message: wire.message })
          break
        case 'fetch':
          context.send(from, { kind: 'fetched', snapshot: makeSnapshot(state) })
          break
        case 'fetched':
          dispatch({ type: 'snapshot', from, snapshot: wire.snapshot })
          break
        case 'log': {
          const fresh = wire.entries.filter((entry) => !log.has(keyOfEntry(entry)))
          for (const entry of fresh) log.set(keyOfEntry(entry), entry)
          apply(fresh)
          break
        }
      }
    },
    onTick() {
      dispatch({ type: 'tick' })
      syncLog()
    },
    onPeer(peer, change) {
      dispatch({ type: 'peer', peer, change })
    },
  }
  context.after(0, () => {
    apply([...log.values()])
    for (let worker = 0; worker < init.workers; worker++) next()
  })
  return node
}
