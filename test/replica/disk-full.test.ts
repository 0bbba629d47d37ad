import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { LogUnwritableError } from '../../src/replica/errors.ts'
import { createFakeNetwork } from '../fakes/network.ts'
import { createFaultyStore } from '../fakes/store.ts'
import { hasEntries, record, recordingLogger, startPeer, viewOf } from './support.ts'

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

it('a store that cannot be read makes open reject, and the next open works', async (t) => {
  const store = createFaultyStore()
  const peer = await startPeer(createFakeNetwork(), { store })
  t.after(() => peer.replica.stop())
  store.readError = new Error('i/o error')
  await assert.rejects(peer.replica.open('job'), { name: 'LogUnreadableError' })
  store.readError = undefined
  await (await peer.replica.open('job')).append([record('k')])
})
