import { Queue, QueueEvents, Worker } from 'bullmq'
import { serveParent, sharedNowMs } from './child.ts'

/*
 * One process of the rival: a BullMQ worker whose work is nothing, or the listener that a requester needs to hear of completions.
 */

export interface BullRound {
  socket: string
  queue: string
  n: number
  /** Jobs that a worker has in hand at once. */
  concurrency: number
}

/** Completions beyond this are dropped from the event stream, and the listener would wait for ever: far more than a round has events. */
const MAX_EVENTS = 10_000_000

let worker: Worker | undefined
let listened: Promise<{ finishedMs: number }> | undefined
let events: QueueEvents | undefined

async function fill({ socket, queue, n }: BullRound): Promise<void> {
  const bull = new Queue(queue, { connection: { path: socket }, streams: { events: { maxLen: MAX_EVENTS } } })
  await bull.waitUntilReady()
  await bull.addBulk(Array.from({ length: n }, (_, micro) => ({ name: 'microjob', data: { micro } })))
  await bull.close()
}

async function ready({ socket, queue, concurrency }: BullRound): Promise<void> {
  worker = new Worker(queue, async () => null, { connection: { path: socket }, concurrency, autorun: false })
  await worker.waitUntilReady()
}

async function listen({ socket, queue, n }: BullRound): Promise<void> {
  const heard = new QueueEvents(queue, { connection: { path: socket } })
  events = heard
  let completed = 0
  listened = new Promise((resolve) => heard.on('completed', () => ++completed === n && resolve({ finishedMs: sharedNowMs() })))
  await heard.waitUntilReady()
}

async function close(): Promise<void> {
  await worker?.close()
  await events?.close()
  worker = undefined
  events = undefined
}

serveParent({
  fill,
  ready,
  listen,
  run: () => {
    worker?.run().catch(() => {})
  },
  listened: () => listened,
  close,
  stop: close,
})
