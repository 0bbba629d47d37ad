import { z } from 'zod'
import {
  MAX_ATTEMPT,
  MAX_BATCH,
  MAX_EPOCH,
  MAX_HELD,
  MAX_ITEMS,
  MAX_LOCK_RUNS,
  MAX_MEMBERS,
  MAX_REPORTED,
  MAX_SEQ,
  type QueueMessage,
  type QueueSnapshot,
  type QueueVerdict,
} from '../job/queue.ts'
import type { ChannelSpec, PeerId, StreamSpec } from '../ports.ts'
import { defineMessage } from './codec.ts'

/** A snapshot of 4096 locked items in 1024 runs has about 40 KB; gossip carries 64 KiB. */
export const MAX_QUEUE_MESSAGE_BYTES = 64 * 1024

const DAY_MS = 86_400_000
const peer = z.string().min(46).max(64)
const tag = z
  .int()
  .min(0)
  .max(2 ** 48 - 1)
const epoch = z.int().min(0).max(MAX_EPOCH)
const seq = z.int().min(0).max(MAX_SEQ)
const slot = z
  .int()
  .min(0)
  .max((MAX_ATTEMPT + 1) * MAX_ITEMS - 1)
const slots = (max: number) => z.array(slot).max(max)

const base = {
  queue: tag,
  n: z.int().min(1).max(MAX_ITEMS),
  epoch,
  done: slots(MAX_REPORTED),
}

export const queueSnapshotSchema = z.strictObject({
  epoch,
  seq,
  owner: peer,
  branch: tag,
  attempts: slots(MAX_ITEMS),
  done: z.instanceof(Uint8Array).refine((bytes) => bytes.length <= MAX_ITEMS / 8, `expected at most ${MAX_ITEMS / 8} bytes`),
  holders: z.array(peer).max(MAX_MEMBERS),
  locks: z
    .array(
      z.strictObject({
        holder: z
          .int()
          .min(0)
          .max(MAX_MEMBERS - 1),
        epoch,
        seq,
        leftMs: z.int().min(0).max(DAY_MS),
        slots: slots(MAX_ITEMS).min(1),
      }),
    )
    .max(MAX_LOCK_RUNS),
})

const queueMessageSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('request'), ...base, want: z.int().min(1).max(MAX_BATCH) }),
  z.strictObject({
    type: z.literal('grant'),
    ...base,
    seq,
    branch: tag,
    leaseMs: z.int().min(1).max(DAY_MS),
    grants: z
      .array(z.strictObject({ to: peer, slots: slots(MAX_BATCH) }))
      .min(1)
      .max(MAX_MEMBERS),
    leaving: z.boolean(),
  }),
  z.strictObject({ type: z.literal('claim'), ...base, snapshot: queueSnapshotSchema }),
  z.strictObject({
    type: z.literal('beat'),
    ...base,
    seq,
    branch: tag,
    owner: z.boolean(),
    count: z
      .int()
      .min(0)
      .max(2 ** 48),
    holding: slots(MAX_HELD),
    released: slots(MAX_HELD),
    leaving: z.boolean(),
  }),
  z.strictObject({ type: z.literal('snapshot-wanted'), ...base, peer }),
  z.strictObject({ type: z.literal('snapshot'), ...base, snapshot: queueSnapshotSchema }),
])

/** `minga/1/job/<jobId>/<macroIndex>`: the processors of one MacroJob (docs/PROTOCOL.md "Channels"). */
export const queueCodec = defineMessage<QueueMessage>(queueMessageSchema, { maxBytes: MAX_QUEUE_MESSAGE_BYTES })

export const queueSnapshotCodec = defineMessage<QueueSnapshot>(queueSnapshotSchema, { maxBytes: MAX_QUEUE_MESSAGE_BYTES })

/** The id of the MacroJob whose queue is wanted. */
const snapshotRequest = z.strictObject({ macroId: z.string().min(1).max(128) })
export const queueSnapshotRequestCodec = defineMessage(snapshotRequest, { maxBytes: 256 })

/** One peer's view of one queue, for who missed something: one frame each way. */
export const queueSnapshotStream: StreamSpec = {
  protocol: '/minga/queue/1',
  maxRequestBytes: 256,
  maxFrameBytes: MAX_QUEUE_MESSAGE_BYTES,
  maxResponseBytes: MAX_QUEUE_MESSAGE_BYTES,
  // An owner waits a second for it, and then goes on without.
  idleTimeoutMs: 1_000,
  totalTimeoutMs: 2_000,
  maxConcurrent: 8,
}

/** The channel of one MacroJob's queue; `judge` is the queue's own, and runs before a message is forwarded. */
export function queueChannelSpec(topic: string, judge: (message: QueueMessage, from: PeerId) => QueueVerdict): ChannelSpec<QueueMessage> {
  return { topic, maxBytes: MAX_QUEUE_MESSAGE_BYTES, encode: queueCodec.encode, decode: queueCodec.decode, judge }
}
