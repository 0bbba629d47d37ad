import { createJobHandle } from '../../src/client/job-handle.ts'
import { sha256 } from '../../src/job/bytes.ts'
import type { JobInfo } from '../../src/job/info.ts'
import { outputBytesOf } from '../../src/job/slice.ts'
import type { Clock } from '../../src/ports.ts'
import type { JobSession } from '../../src/roles/job-session.ts'
import type { JobsBoard } from '../../src/roles/jobs-board.ts'
import { JobWorld, peerName } from '../support/job-world.ts'

/** A clock whose time passes when it is told to. */
export function handClock(): Clock & { pass(ms: number): void } {
  let nowMs = 0
  const sleeps = new Set<{ atMs: number; end: () => void }>()
  return {
    nowMs: () => nowMs,
    sleep: (ms, { signal } = {}) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason)
        const sleep = { atMs: nowMs + ms, end: resolve }
        sleeps.add(sleep)
        signal?.addEventListener('abort', () => {
          sleeps.delete(sleep)
          reject(signal.reason)
        })
      }),
    pass(ms) {
      nowMs += ms
      for (const sleep of sleeps) {
        if (sleep.atMs > nowMs) continue
        sleeps.delete(sleep)
        sleep.end()
      }
    },
  }
}

/** A Job of two peers whose results are zeros, followed by its requester. */
export function followed(info: JobInfo) {
  const world = new JobWorld(info, [{}, {}])
  const blockBytes = outputBytesOf(info.slicing)
  const right = sha256(new Uint8Array(blockBytes))
  world.rightHash = () => right
  const listeners = new Set<() => void>()
  const onChange = (listener: () => void) => {
    listeners.add(listener)
    return () => void listeners.delete(listener)
  }
  const tell = () => {
    for (const listener of [...listeners]) listener()
  }
  const clock = handClock()
  const closing = new AbortController()
  const session = { jobId: world.view.jobId, view: world.view, onChange, close: async () => {} } as unknown as JobSession
  const blocks = { read: async () => new Uint8Array(blockBytes * info.slicing.blocks) }
  const handle = createJobHandle({
    ...{ self: peerName(16), blocks, clock, session, board: {} as JobsBoard, closing: closing.signal },
    verify: async () => true,
    ...(info.payment && { chain: info.payment }),
    providers: () => [],
  } as unknown as Parameters<typeof createJobHandle>[0])
  return { world, handle, clock, closing, tell }
}

/** All is agreed, and paid; nobody has written the report. */
export function agree(world: JobWorld): void {
  world.settle((macro) => macro % 2)
  world.view.reports.length = 0
  world.view.version++
}

/** What a promise has come to when all that can move has moved. */
export async function outcomeOf<T>(promise: Promise<T>): Promise<T | 'still waiting'> {
  const turns = async () => {
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
    return 'still waiting' as const
  }
  return Promise.race([promise, turns()])
}
