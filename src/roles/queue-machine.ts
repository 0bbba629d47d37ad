import { type QueueEffect, type QueueEvent, type QueueState, reduceQueue } from '../job/queue.ts'
import type { Clock } from '../ports.ts'

type Unclocked<E> = E extends unknown ? Omit<E, 'nowMs'> : never

export interface QueueMachineComponents {
  clock: Pick<Clock, 'nowMs'>
  /** May dispatch the next event. */
  perform(effect: QueueEffect): void
  /** A bug of ours or of a listener. The event is lost, as a message may be; the queue goes on. */
  onFailed(type: QueueEvent['type'], error: unknown): void
}

/** The reducer at work on one queue. */
export interface QueueMachine {
  readonly state: QueueState
  /** One event after another, also where an effect causes the next. */
  dispatch(event: Unclocked<QueueEvent>): void
}

export function createQueueMachine({ clock, perform, onFailed }: QueueMachineComponents, initial: QueueState): QueueMachine {
  let state = initial
  const events: Unclocked<QueueEvent>[] = []
  let isReducing = false

  const step = (event: Unclocked<QueueEvent>) => {
    try {
      const { state: after, effects } = reduceQueue(state, { ...event, nowMs: clock.nowMs() } as QueueEvent)
      state = after
      for (const effect of effects) perform(effect)
    } catch (error) {
      onFailed(event.type, error)
    }
  }

  return {
    get state() {
      return state
    },
    dispatch(event) {
      events.push(event)
      if (isReducing) return
      isReducing = true
      try {
        for (let next = events.shift(); next !== undefined; next = events.shift()) step(next)
      } finally {
        isReducing = false
      }
    },
  }
}
