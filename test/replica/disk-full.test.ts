import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { systemClock } from '../../src/clock.ts'
import { silentLogger } from '../../src/log.ts'
import { sealEnvelope } from '../../src/replica/envelope.ts'
import { LogUnwritableError } from '../../src/replica/errors.ts'
import { JobCore } from '../../src/replica/job-core.ts'
import { createJournal } from '../../src/replica/journal.ts'
import { DEFAULT_LIMITS, MAX_VALUE_BYTES } from '../../src/replica/limits.ts'
import { createFakeNetwork } from '../fakes/network.ts'
import { createFaultyStore } from '../fakes/store.ts'
import { contextOf, hasEntries, newSigner, record, recordingLogger, startPeer, verify, viewOf } from './support.ts'

const full = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })

describe('a store that takes no write', () => {
  it('surfaces, lets others be followed, and recovers', async (t) => {
    const network = createFakeNetwork()
    const store = createFaultyStore()
    const logger = recordingLogger()
    const peer = await startPeer(network, { store, logger }, { retryMs: 5 })
    const other = await startPeer(network)
    t.after(() => Promise.all([peer, other].map(({ replica }) => replica.stop())))
    const [log, otherLog] = await Promise.all([peer, other].map(({ replica }) => replica.open('job')))
    await log!.append([record('before')])

    store.writeError = full
    await assert.rejects(
      log!.append([record('lost')]),
      (error) => error instanceof LogUnwritableError && error.cause === full && /disk/.test(error.hint!),
    )
    assert.equal(peer.replica.health(), 'read-only')
    assert.ok(logger.lines.some(({ level }) => level === 'error'))
    assert.deepEqual(viewOf(otherLog!).length, 1)
    await otherLog!.append([record('of-another')])
    await hasEntries(log!, 2)

    store.writeError = undefined
    await store.nextWrite()
    await log!.append([record('after'), record('lost', 'second try')])
    assert.equal(peer.replica.health(), 'writable')
    await hasEntries(otherLog!, 4)
    assert.deepEqual(viewOf(log!), viewOf(otherLog!))
    assert.deepEqual([log!.equivocators(), otherLog!.equivocators()], [[], []])
    await log!.close()
    const again = await peer.replica.open('job')
    assert.deepEqual(viewOf(again), viewOf(otherLog!))
  })

  it('that wrote all the same never makes this peer sign two histories', async (t) => {
    const network = createFakeNetwork()
    const store = createFaultyStore()
    const peer = await startPeer(network, { store }, { retryMs: 1e9 })
    const log = await peer.replica.open('job')
    await log.append([record('before')])
    Object.assign(store, { writeError: full, writesAnyway: true })
    await assert.rejects(log.append([record('k', 'first try')]), LogUnwritableError)
    Object.assign(store, { writeError: undefined, writesAnyway: false })
    await log.append([record('k', 'second try')])
    await peer.replica.stop()
    peer.net.vanish()

    const again = await startPeer(network, { store, signer: peer.signer })
    t.after(() => again.replica.stop())
    const reopened = await again.replica.open('job')
    assert.deepEqual(
      viewOf(reopened).map((line) => line.split(' ').slice(1).join(' ')),
      ['before before', 'k second try'],
    )
    assert.deepEqual(reopened.equivocators(), [])
  })

  it('makes appends all or nothing: none of one that fails is told to others', async (t) => {
    const network = createFakeNetwork()
    const store = createFaultyStore()
    const peer = await startPeer(network, { store }, { retryMs: 1e9 })
    t.after(() => peer.replica.stop())
    const log = await peer.replica.open('job')
    const published = network.counts.published
    store.writeError = full
    await assert.rejects(log.append(Array.from({ length: 1000 }, (_, i) => record(`k${i}`))), LogUnwritableError)
    assert.deepEqual(viewOf(log), [])
    assert.equal(network.counts.published, published)
  })
})

it('what strangers send does not pile up in memory while the store takes no write', async () => {
  const store = createFaultyStore()
  store.writeError = full
  const journal = createJournal({ store, clock: systemClock, logger: silentLogger }, { retryMs: 20 })
  const context = contextOf('job')
  const core = new JobCore({ context, limits: DEFAULT_LIMITS, verify, allow: () => true, journal, logger: silentLogger })
  const author = newSigner()
  const codes = new Set<string>()
  let place = { incarnation: 1, from: 0, totalBytes: 0 }
  const waiting: Uint8Array[] = []
  for (let i = 0; i < 200; i++) {
    const envelope = await sealEnvelope(context, author, place, [{ key: `k/${i}`, value: new Uint8Array(MAX_VALUE_BYTES) }])
    const [outcome] = (await core.ingest([envelope.bytes])).outcomes
    codes.add(typeof outcome === 'string' ? outcome : outcome!.code)
    if (outcome !== 'applied') waiting.push(envelope.bytes)
    place = { incarnation: 1, from: envelope.to, totalBytes: envelope.totalBytes }
  }
  assert.deepEqual([...codes], ['applied', 'store-behind'])
  assert.ok(journal.waitingBytes < 18 * 2 ** 20)
  store.writeError = undefined
  await store.nextWrite()
  await journal.settled()
  assert.equal(journal.waitingBytes, 0)
  assert.deepEqual(new Set((await core.ingest(waiting.slice(0, 50))).outcomes), new Set(['applied']))
  await journal.stop()
})

it('a store that cannot be read makes open reject, and the next open works', async (t) => {
  const store = createFaultyStore()
  const peer = await startPeer(createFakeNetwork(), { store })
  t.after(() => peer.replica.stop())
  store.readError = new Error('i/o error')
  await assert.rejects(peer.replica.open('job'), { name: 'LogUnreadableError' })
  store.readError = undefined
  await (await peer.replica.open('job')).append([record('k')])
})
