import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createQueueState, makeSnapshot, type QueueMessage, type QueueSnapshot, reduceQueue } from '../../src/job/queue.ts'
import { MAX_QUEUE_MESSAGE_BYTES, queueCodec, queueSnapshotCodec, queueSnapshotRequestCodec } from '../../src/protocol/queue-messages.ts'
import { CodecError } from '../../src/protocol/wire-errors.ts'

const peer = (index: number) => `12D3KooW${String(index).padStart(44, 'x')}`
const base = { queue: 2 ** 48 - 1, n: 4096, epoch: 7, done: [1, 4095] }
const snapshot: QueueSnapshot = {
  epoch: 7,
  seq: 1,
  owner: peer(1),
  branch: 12,
  attempts: [4096 + 3],
  done: new Uint8Array(512),
  holders: [peer(1)],
  locks: [{ holder: 0, epoch: 6, seq: 2, leftMs: 900, slots: [1, 2] }],
}

const messages: QueueMessage[] = [
  { type: 'request', ...base, want: 32 },
  { type: 'grant', ...base, seq: 1, branch: 5, leaseMs: 6_000, grants: [{ to: peer(2), slots: [5, 6] }], leaving: false },
  { type: 'claim', ...base, snapshot },
  { type: 'beat', ...base, seq: 0, branch: 5, owner: true, count: 3, holding: [9], released: [8], leaving: false },
  { type: 'snapshot-wanted', ...base, peer: peer(3) },
  { type: 'snapshot', ...base, snapshot },
]

describe('queue messages', () => {
  it('come back as they were sent', () => {
    for (const message of messages) assert.deepEqual(queueCodec.decode(queueCodec.encode(message)), message)
  })

  it('are refused out of bounds', () => {
    const [request, grant, claim, beat] = messages as [QueueMessage, QueueMessage, QueueMessage, QueueMessage]
    const bad: object[] = [
      { ...request, want: 33 },
      { ...request, want: 0 },
      { ...request, n: 4097 },
      { ...request, epoch: -1 },
      { ...request, epoch: 2 ** 33 },
      { ...request, extra: 1 },
      { ...request, done: new Array(65).fill(1) },
      { ...request, type: 'unknown' },
      { ...grant, grants: [] },
      { ...grant, grants: [{ to: 'short', slots: [1] }] },
      { ...grant, grants: [{ to: peer(2), slots: new Array(33).fill(1) }] },
      { ...grant, grants: Array.from({ length: 65 }, (_, index) => ({ to: peer(index), slots: [index] })) },
      { ...grant, leaseMs: 0 },
      { ...beat, holding: [4096 * 256] },
      { ...beat, holding: new Array(65).fill(1) },
      { ...beat, seq: 2 ** 20 },
      { ...claim, snapshot: { ...snapshot, done: new Uint8Array(513) } },
      { ...claim, snapshot: { ...snapshot, holders: Array.from({ length: 65 }, (_, index) => peer(index)) } },
    ]
    for (const message of bad)
      assert.throws(() => queueCodec.encode(message as QueueMessage), CodecError, JSON.stringify(message).slice(0, 100))
  })

  it('hold the largest queue there can be', () => {
    const peers = Array.from({ length: 63 }, (_, index) => peer(index))
    let state = createQueueState({
      self: peer(99),
      macroId: 'm',
      n: 4096,
      nowMs: 0,
      creator: true,
      members: peers,
      settings: { batchMs: 1e9 },
    })
    for (let item = 0; item < 4096; item += 7) state = reduceQueue(state, { type: 'recorded', slots: [item], by: peer(1), nowMs: 0 }).state
    for (const holder of peers) {
      for (let half = 0; half < 2; half++) {
        const holding = Array.from({ length: 64 }, (_, index) => peers.indexOf(holder) * 64 + index).filter((item) => item % 7 !== 0)
        const message: QueueMessage = {
          type: 'beat',
          queue: state.tag,
          n: 4096,
          epoch: 1,
          done: [],
          released: [],
          seq: 0,
          branch: 0,
          owner: false,
          count: 1 + half,
          holding,
          leaving: false,
        }
        state = reduceQueue(state, { type: 'message', from: holder, message, nowMs: peers.indexOf(holder) }).state
      }
    }
    const whole = makeSnapshot(state)
    assert.equal(whole.locks.length, 63)
    const bytes = queueSnapshotCodec.encode(whole)
    assert.ok(bytes.length < MAX_QUEUE_MESSAGE_BYTES / 2, `${bytes.length} bytes`)
  })

  it('ask for a queue by its MacroJob', () => {
    const request = { macroId: 'ab'.repeat(31) }
    assert.deepEqual(queueSnapshotRequestCodec.decode(queueSnapshotRequestCodec.encode(request)), request)
    assert.throws(() => queueSnapshotRequestCodec.decode(new Uint8Array([0xff])), CodecError)
  })
})
