/**
 * What every implementation of the Replica port must do, whatever carries its messages: run it over the fake network and over libp2p.
 */
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import type { JobLog, LogEntry, PeerId, Replica } from '../../src/ports.ts'

export interface ReplicaPeer {
  self: PeerId
  replica: Replica
}

/**
 * Makes `count` peers that are connected with each other, and stops them with the test. Their schema refuses values that start with "bad".
 */
export type MakeReplicas = (t: TestContext, count: number) => Promise<ReplicaPeer[]>

const encoder = new TextEncoder()
const decoder = new TextDecoder()
let nextJob = 0

const newJob = () => `compliance-${nextJob++}`
const entry = (key: string, value = key) => ({ key, value: encoder.encode(value) })

function view(log: JobLog): string[] {
  return [...log.entries()].map(({ author, key, value }) => `${author} ${key} ${decoder.decode(value)}`).sort()
}

function holds(log: JobLog, condition: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const check = () => {
      if (!condition()) return
      stop()
      resolve()
    }
    const stop = log.onEntries(check)
    check()
  })
}

const reaches = (log: JobLog, count: number) => holds(log, () => view(log).length >= count)

export function describeReplica(name: string, makePeers: MakeReplicas): void {
  const openAll = (peers: ReplicaPeer[], jobId: string) =>
    Promise.all(peers.map(({ replica }) => replica.open(jobId, { meetAt: peers.map(({ self }) => self) })))

  describe(`${name}: Replica`, () => {
    it('brings the entries of each to all, under their authors', async (t) => {
      const peers = await makePeers(t, 3)
      const logs = await openAll(peers, newJob())
      await Promise.all(logs.map((log, i) => log.append([entry('same-key', `of ${i}`), entry(`key/${i}`)])))
      await Promise.all(logs.map((log) => reaches(log, 6)))
      for (const log of logs) assert.deepEqual(view(log), view(logs[0]!))
      const values = [...logs[2]!.entries()]
        .filter(({ key }) => key === 'same-key')
        .map(({ author, value }) => [author, decoder.decode(value)])
      assert.deepEqual(new Map(values as [string, string][]), new Map(peers.map(({ self }, i) => [self, `of ${i}`])))
    })

    it('keeps each author’s order, and tells of each entry once, own ones included', async (t) => {
      const [a, b] = await openAll(await makePeers(t, 2), newJob())
      const heard = [a!, b!].map((log) => {
        const entries: LogEntry[] = []
        log.onEntries((batch) => entries.push(...batch))
        return entries
      })
      for (let i = 0; i < 5; i++) await a!.append([entry(`${i}/0`), entry(`${i}/1`)])
      await reaches(b!, 10)
      const expected = Array.from({ length: 10 }, (_, i) => `${i >> 1}/${i & 1}`)
      for (const entries of [...heard, [...a!.entries()], [...b!.entries()]]) {
        assert.deepEqual(
          entries.map(({ key }) => key),
          expected,
        )
      }
    })

    it('brings a newcomer up to date, and takes what the newcomer has', async (t) => {
      const peers = await makePeers(t, 2)
      const jobId = newJob()
      const old = await peers[0]!.replica.open(jobId)
      await old.append(Array.from({ length: 300 }, (_, i) => entry(`old/${i}`)))
      const newcomer = await peers[1]!.replica.open(jobId)
      await newcomer.append([entry('new')])
      const counts = await newcomer.syncWith(peers[0]!.self)
      await Promise.all([reaches(newcomer, 301), reaches(old, 301)])
      assert.deepEqual(view(newcomer), view(old))
      assert.ok(counts.received <= 300 && counts.sent <= 1)
      assert.deepEqual(await newcomer.syncWith(peers[0]!.self), { received: 0, sent: 0 })
    })

    it('takes an entry again without a word, and refuses another value, a bad one and a bad key', async (t) => {
      const [peer] = await makePeers(t, 1)
      const log = await peer!.replica.open(newJob())
      await log.append([entry('k', 'v')])
      await log.append([entry('k', 'v'), entry('l', 'v')])
      assert.equal(view(log).length, 2)
      await assert.rejects(log.append([entry('m'), entry('k', 'other')]), { name: 'LogKeyTakenError' })
      await assert.rejects(log.append([entry('n', 'bad')]))
      await assert.rejects(log.append([entry('a key')]), { name: 'LogKeyInvalidError' })
      await assert.rejects(log.append([{ key: 'o', value: new Uint8Array(2 ** 20) }]), { name: 'LogValueTooLargeError' })
      assert.equal(view(log).length, 2)
    })

    it('gives the same log for the same id until it is closed, with its entries afterwards', async (t) => {
      const [peer] = await makePeers(t, 1)
      const jobId = newJob()
      const log = await peer!.replica.open(jobId)
      assert.equal(await peer!.replica.open(jobId), log)
      await log.append([entry('k')])
      await log.close()
      await log.close()
      await assert.rejects(log.append([entry('late')]), { name: 'LogClosedError' })
      const again = await peer!.replica.open(jobId)
      assert.notEqual(again, log)
      assert.equal(view(again).length, 1)
      await again.append([entry('l')])
      assert.equal(view(again).length, 2)
    })

    it('names the Jobs it holds, and forgets one', async (t) => {
      const [peer] = await makePeers(t, 1)
      const [kept, gone] = [newJob(), newJob()]
      for (const jobId of [kept, gone]) await (await peer!.replica.open(jobId)).append([entry('k')])
      assert.deepEqual(new Set(await peer!.replica.jobs()), new Set([kept, gone]))
      await peer!.replica.remove(gone)
      assert.deepEqual(await peer!.replica.jobs(), [kept])
      assert.deepEqual(view(await peer!.replica.open(gone)), [])
    })

    it('keeps Jobs apart, and says who has no log', async (t) => {
      const peers = await makePeers(t, 2)
      const [one, two] = [newJob(), newJob()]
      const first = await peers[0]!.replica.open(one)
      const second = await peers[1]!.replica.open(two)
      await first.append([entry('k')])
      await assert.rejects(second.syncWith(peers[0]!.self), { name: 'PeerLacksLogError' })
      assert.deepEqual(view(second), [])
      await assert.rejects(peers[0]!.replica.open('no/such job'), { name: 'JobIdInvalidError' })
    })

    it('gives up a sync when told to, and stops for good', async (t) => {
      const peers = await makePeers(t, 2)
      const [log] = await openAll(peers, newJob())
      const reason = new Error('changed my mind')
      await assert.rejects(log!.syncWith(peers[1]!.self, { signal: AbortSignal.abort(reason) }), reason)
      assert.deepEqual(log!.equivocators(), [])
      await peers[0]!.replica.stop()
      await peers[0]!.replica.stop()
      await assert.rejects(log!.append([entry('late')]), { name: 'LogClosedError' })
      await assert.rejects(peers[0]!.replica.open(newJob()), { name: 'LogClosedError' })
    })
  })
}
