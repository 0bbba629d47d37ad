import {
  createQueueState,
  itemOf,
  judgeQueueMessage,
  makeSnapshot,
  type QueueEffect,
  type QueueInit,
  type QueueMessage,
  type QueueOffence,
  type QueueVerdict,
  type Slot,
  slotOf,
  snapshotWanted,
} from '../job/queue.ts'
import { type Logger, silentLogger } from '../log.ts'
import type { Abortable, Channel, Channels, Clock, PeerId } from '../ports.ts'
import { queueChannelSpec } from '../protocol/queue-messages.ts'
import { startClockwork } from './queue-clockwork.ts'
import { createQueueMachine } from './queue-machine.ts'
import type { QueueSnapshots } from './queue-snapshots.ts'
import { createTakers } from './queue-takers.ts'

export interface MacroQueueComponents {
  channel: Channel<QueueMessage>
  /** Without it, what was missed is asked for on the channel. */
  snapshots?: QueueSnapshots
  clock: Clock
  self: PeerId
  logger?: Logger
}

export interface MacroQueueEvents {
  /** Locks of ours that ran out, or items that another has done: stop, or submit what is ready once. */
  onLost?(items: number[]): void
  /** `claimed`: the owner before was lost, or sat on the queue. */
  onOwner?(peer: PeerId, epoch: number, claimed: boolean): void
  /** Every item has a record; `reopened` may change that. */
  onFinished?(): void
  onOffence?(peer: PeerId, code: QueueOffence): void
}

export type MacroQueueInit = Omit<QueueInit, 'self' | 'nowMs'> & MacroQueueEvents

export interface QueueProgress {
  n: number
  open: number
  /** Locked by anybody, or said to be done without a record yet. */
  locked: number
  done: number
  /** Items that this peer holds. */
  held: number[]
  owner: PeerId | undefined
  epoch: number
}

/** This peer's end of a MacroJob's queue. Items are indices 0 … n − 1. */
export interface MacroQueue {
  /** The next item, locked for this peer; undefined when all are done or the queue is closed. Rejects with the signal's reason. */
  take(options?: Abortable): Promise<number | undefined>
  /** The Job's log has records for these; `by` is the author. Without it, what we hold counts as our own work. */
  recorded(items: readonly number[], options?: { by?: PeerId; attempt?: number }): void
  /** The agreement opened these for `attempt`, which must be the same at all peers. @default each one's attempt + 1 */
  reopened(items: readonly number[], attempt?: number): void
  /** The work on these goes on: their locks are renewed for as long as this is heard from time to time. */
  working(items?: readonly number[]): void
  /** Gives back what this peer will not finish. */
  release(items: readonly number[]): void
  /** The peer was convicted: nothing for it, and nothing it says counts. */
  exclude(peer: PeerId): void
  /** To be called for each message before it is forwarded. */
  judge(message: QueueMessage, from: PeerId): QueueVerdict
  progress(): QueueProgress
  /** Gives back what is held, hands the queue to another peer, and ends all waiting. Idempotent. */
  close(): Promise<void>
}

/** Binds the reducer to a channel and a clock. It starts at once. */
export function createMacroQueue(components: MacroQueueComponents, init: MacroQueueInit): MacroQueue {
  const { channel, snapshots, clock, self, logger = silentLogger } = components
  const { macroId } = init
  const members = [...new Set([...(init.members ?? []), ...channel.peers()])]
  const closed = new AbortController()
  const sending = new Set<Promise<void>>()
  const onFailed = (type: string, error: unknown) => logger.error('queue event failed', { macroId, type, error })
  const initial = createQueueState({ ...init, members, self, nowMs: clock.nowMs() })
  const machine = createQueueMachine({ clock, perform: (effect) => perform(effect), onFailed }, initial)
  const { dispatch } = machine

  const perform = (effect: QueueEffect) => {
    switch (effect.type) {
      case 'send':
        publish(effect.message)
        break
      case 'assigned':
        for (const slot of effect.slots) if (!takers.give(itemOf(slot))) dispatch({ type: 'release', slots: [slot] })
        break
      case 'lost':
        logger.warn('lost MicroJobs', { macroId, items: effect.slots.map(itemOf) })
        init.onLost?.(effect.slots.map(itemOf))
        break
      case 'score':
        logger.debug('offence', { macroId, peer: effect.peer, code: effect.code })
        init.onOffence?.(effect.peer, effect.code)
        break
      case 'fetch-snapshot':
        void fetchSnapshot(effect.peer)
        break
      case 'wake':
        clockwork.wake(effect.afterMs)
        break
      case 'owner':
        logger.debug('queue owner', { macroId, peer: effect.peer, epoch: effect.epoch, claimed: effect.claimed })
        init.onOwner?.(effect.peer, effect.epoch, effect.claimed)
        break
      case 'finished':
        takers.endAll()
        init.onFinished?.()
        break
    }
  }

  const publish = (message: QueueMessage) => {
    const sent = channel
      .publish(message)
      .catch((error: unknown) => logger.warn('queue message not sent', { macroId, type: message.type, error }))
    sending.add(sent)
    void sent.then(() => sending.delete(sent))
  }

  const fetchSnapshot = async (peer: PeerId) => {
    if (snapshots === undefined) return publish(snapshotWanted(machine.state, peer))
    try {
      const snapshot = await snapshots.fetch(peer, macroId, { signal: closed.signal })
      dispatch({ type: 'snapshot', from: peer, snapshot })
    } catch (error) {
      if (!closed.signal.aborted) logger.debug('no snapshot', { macroId, peer, error })
    }
  }

  const slotsOf = (items: readonly number[], attempt?: number): Slot[] =>
    items.flatMap((item) => {
      const known = machine.state.items[item]
      return known === undefined ? [] : [slotOf(item, attempt ?? known.attempt)]
    })

  const takers = createTakers({ onWaiting: () => dispatch({ type: 'take' }), onGone: () => dispatch({ type: 'untake' }) })
  const clockwork = startClockwork(clock, () => dispatch({ type: 'tick' }))
  const detach = [
    channel.subscribe((message, from) => dispatch({ type: 'message', from, message })),
    channel.onPeer((peer, change) => dispatch({ type: 'peer', peer, change })),
    snapshots?.register(macroId, () => makeSnapshot(machine.state)) ?? (() => {}),
  ]

  return {
    take: ({ signal } = {}) => (machine.state.finished || closed.signal.aborted ? Promise.resolve(undefined) : takers.wait(signal)),
    recorded(items, { by, attempt } = {}) {
      const slots = slotsOf(items, attempt)
      const { started, ready } = machine.state
      const held = new Set([...started, ...ready])
      const own = by === undefined ? slots.filter((slot) => held.has(slot)) : []
      const others = slots.filter((slot) => !own.includes(slot))
      if (own.length > 0) dispatch({ type: 'recorded', slots: own, by: self })
      if (others.length > 0) dispatch({ type: 'recorded', slots: others, ...(by === undefined ? {} : { by }) })
    },
    reopened(items, attempt) {
      for (const item of items) {
        const next = attempt ?? (machine.state.items[item]?.attempt ?? 0) + 1
        dispatch({ type: 'reopened', slots: slotsOf([item], next) })
      }
    },
    working: () => dispatch({ type: 'working' }),
    release: (items) => dispatch({ type: 'release', slots: slotsOf(items) }),
    exclude: (peer) => dispatch({ type: 'excluded', peer }),
    judge: (message, from) => judgeQueueMessage(machine.state, message, from),
    progress() {
      const { n, openCount: open, doneCount: done, started, ready, owner, epoch } = machine.state
      return { n, open, done, locked: n - open - done, held: [...started, ...ready].map(itemOf), owner, epoch }
    },
    async close() {
      if (!closed.signal.aborted) {
        dispatch({ type: 'leave' })
        closed.abort()
        clockwork.stop()
        for (const stop of detach) stop()
        takers.endAll()
      }
      await Promise.all(sending)
    },
  }
}

export interface OpenMacroQueueComponents extends Omit<MacroQueueComponents, 'channel'> {
  channels: Channels
}

/** Joins the MacroJob's channel with this queue's judge, and leaves it on close. Rejects as `Channels.join` does. */
export async function openMacroQueue(
  { channels, ...components }: OpenMacroQueueComponents,
  { topic, meetAt, ...init }: MacroQueueInit & { topic: string; meetAt?: PeerId[] },
  options: Abortable = {},
): Promise<MacroQueue> {
  let queue: MacroQueue | undefined
  // What comes between joining and the first look is nobody's fault, and comes again.
  const spec = queueChannelSpec(topic, (message, from) => queue?.judge(message, from) ?? { verdict: 'ignore', code: 'not-ready' })
  const channel = await channels.join(spec, { ...options, ...(meetAt === undefined ? {} : { meetAt }) })
  const opened = createMacroQueue({ ...components, channel }, init)
  queue = opened
  return {
    ...opened,
    async close() {
      await opened.close()
      await channel.close()
    },
  }
}
