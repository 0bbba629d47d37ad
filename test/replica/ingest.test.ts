import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { systemClock } from '../../src/clock.ts'
import { keyOf, type RecordOf } from '../../src/job/records.ts'
import { silentLogger } from '../../src/log.ts'
import type { LogEntry } from '../../src/ports.ts'
import { encodeRecord, recordLogSchema } from '../../src/protocol/records.ts'
import { sealEnvelope } from '../../src/replica/envelope.ts'
import { EnvelopeRefusedError } from '../../src/replica/errors.ts'
import { JobCore } from '../../src/replica/job-core.ts'
import { createJournal } from '../../src/replica/journal.ts'
import { DEFAULT_LIMITS } from '../../src/replica/limits.ts'
import { createMemoryStore } from '../../src/replica/store-memory.ts'
import { contextOf, newSigner, verify } from './support.ts'

const PER_ENVELOPE = 32
const context = contextOf('ingest', recordLogSchema)

function createCore(): JobCore {
  const journal = createJournal({ store: createMemoryStore(), clock: systemClock, logger: silentLogger })
  return new JobCore({ context, limits: DEFAULT_LIMITS, verify, allow: () => true, journal, logger: silentLogger })
}

function commitAt(index: number) {
  const hash = new Uint8Array(randomBytes(32))
  const record: RecordOf<'commit'> = {
    ...{ kind: 'commit', macro: index >> 8, micro: index & 255, attempt: 0, commit: hash, chainHead: hash, challenge: null },
  }
  return { key: keyOf(record), value: encodeRecord(record) }
}

async function sealMany(envelopes: number): Promise<Uint8Array[]> {
  const signer = newSigner()
  const place = { incarnation: 1, from: 0, totalBytes: 0 }
  const sealed: Uint8Array[] = []
  for (let i = 0; i < envelopes; i++) {
    const entries = Array.from({ length: PER_ENVELOPE }, (_, j) => commitAt(i * PER_ENVELOPE + j))
    const envelope = await sealEnvelope(context, signer, place, entries)
    ;[place.from, place.totalBytes] = [envelope.to, envelope.totalBytes]
    sealed.push(envelope.bytes)
  }
  return sealed
}

/** Entries told of, and CPU of this thread, between two turns of the event loop. */
function watchTurns(core: JobCore) {
  const turns: { entries: number; cpuMs: number }[] = []
  let entries = 0
  let before = process.threadCpuUsage()
  let immediate: NodeJS.Immediate
  const turn = () => {
    const { user, system } = process.threadCpuUsage(before)
    turns.push({ entries, cpuMs: (user + system) / 1000 })
    entries = 0
    before = process.threadCpuUsage()
    immediate = setImmediate(turn)
  }
  immediate = setImmediate(turn)
  core.onEntries((news: readonly LogEntry[]) => {
    entries += news.length
  })
  return () => {
    clearImmediate(immediate)
    return turns
  }
}

describe('many envelopes at once', () => {
  it('are taken in slices, so that the event loop has its turn every few milliseconds', async () => {
    const sealed = await sealMany(600)
    await createCore().ingest(sealed.slice(0, 200))
    const core = createCore()
    const stop = watchTurns(core)
    const { newEntries } = await core.ingest(sealed)
    const turns = stop()
    assert.equal(newEntries, 600 * PER_ENVELOPE)
    const most = Math.max(...turns.map(({ entries }) => entries))
    assert.ok(most <= (2 * (64 * 1024)) / 150, `${most} entries in one turn`)
    const busy = turns
      .filter(({ entries }) => entries > 0)
      .map(({ cpuMs }) => cpuMs)
      .sort((a, b) => a - b)
    const usual = busy[Math.floor(busy.length * 0.9)]!
    assert.ok(usual < 20, `nine of ten slices take up to ${usual} ms`)
  })

  it('are judged one by one: a false signature, a cut and a stranger’s value among good ones', async () => {
    const sealed = await sealMany(60)
    const forged = sealed[20]!.slice()
    forged[100]! ^= 1
    const outcomes = (await createCore().ingest([...sealed.slice(0, 20), forged, sealed[20]!.subarray(0, 900), ...sealed.slice(20)]))
      .outcomes
    const codes = outcomes.map((outcome) => (outcome instanceof EnvelopeRefusedError ? outcome.code : outcome))
    assert.deepEqual(codes.slice(20, 22), ['bad-signature', 'malformed'])
    assert.deepEqual(new Set([...codes.slice(0, 20), ...codes.slice(22)]), new Set(['applied']))
  })
})
