import assert from 'node:assert/strict'
import { readdir, readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { DataDirectoryInUseError } from '../../src/errors.ts'
import { StoreUnusableError } from '../../src/replica/errors.ts'
import { jobHash } from '../../src/replica/hash.ts'
import { KEYS } from '../../src/replica/record.ts'
import type { Store } from '../../src/replica/store.ts'
import { openLevelStore } from '../../src/replica/store-level.ts'
import { createMemoryStore } from '../../src/replica/store-memory.ts'
import { createFakeNetwork } from '../fakes/network.ts'
import { bytesOf, hasEntries, newDirectory, record, recordingLogger, removeDirectory, startPeer, viewOf } from './support.ts'

async function directoryOf(t: TestContext): Promise<string> {
  const path = await newDirectory()
  t.after(() => removeDirectory(path))
  return join(path, 'logs')
}

async function keysOf(store: Store, prefix: string): Promise<string[]> {
  const keys: string[] = []
  for await (const [key] of store.range(prefix)) keys.push(key)
  return keys
}

for (const [name, openStore] of Object.entries({
  memory: async (_t: TestContext) => createMemoryStore(),
  level: async (t: TestContext) => openLevelStore({ path: await directoryOf(t) }),
})) {
  it(`the ${name} store keeps an ordered map`, async (t) => {
    const store = await openStore(t)
    const put = (key: string) => ({ type: 'put' as const, key, value: bytesOf(key) })
    await store.write(['b/2', 'b/1', 'a', 'b/10', 'c'].map(put), { durable: true })
    await store.write([{ type: 'del', key: 'c' }, put('d')], { durable: false })
    assert.deepEqual(await keysOf(store, 'b/'), ['b/1', 'b/10', 'b/2'])
    assert.deepEqual(await keysOf(store, ''), ['a', 'b/1', 'b/10', 'b/2', 'd'])
    const values = await store.getMany(['d', 'c', 'a'])
    assert.deepEqual(
      values.map((value) => value && Buffer.from(value).toString()),
      ['d', undefined, 'a'],
    )
    await store.close()
    await store.close()
  })
}

describe('a log in LevelDB', () => {
  it('is there again after a restart, without a network', async (t) => {
    const path = await directoryOf(t)
    const network = createFakeNetwork()
    const first = await openLevelStore({ path })
    const peer = await startPeer(network, { store: first })
    const log = await peer.replica.open('job')
    await log.append(Array.from({ length: 500 }, (_, i) => record(`k/${i}`)))
    const view = viewOf(log)
    await peer.replica.stop()
    await first.close()
    peer.net.vanish()

    const second = await openLevelStore({ path })
    const again = await startPeer(network, { store: second, signer: peer.signer })
    t.after(() => again.replica.stop().then(() => second.close()))
    const reopened = await again.replica.open('job')
    assert.deepEqual(viewOf(reopened), view)
    await assert.rejects(reopened.append([record('k/1', 'other')]), { name: 'LogKeyTakenError' })
    await reopened.append([record('more')])
    assert.deepEqual(reopened.equivocators(), [])
  })

  it('is refused to a second peer while the first has it', async (t) => {
    const path = await directoryOf(t)
    const store = await openLevelStore({ path })
    t.after(() => store.close())
    await assert.rejects(
      openLevelStore({ path }),
      (error) => error instanceof DataDirectoryInUseError && error.path === path && /--data-dir/.test(error.hint!),
    )
  })

  it('loses a damaged record to quarantine and gets it back from a peer', async (t) => {
    const path = await directoryOf(t)
    const network = createFakeNetwork()
    const store = await openLevelStore({ path })
    const peer = await startPeer(network, { store })
    const other = await startPeer(network)
    t.after(() => other.replica.stop())
    const [log, otherLog] = await Promise.all([peer, other].map(({ replica }) => replica.open('job')))
    for (let i = 0; i < 4; i++) await log!.append([record(`k/${i}`)])
    await hasEntries(otherLog!, 4)
    await peer.replica.stop()
    peer.net.vanish()

    const keys = await keysOf(store, KEYS.logs(jobHash('job')))
    const [value] = await store.getMany([keys[1]!])
    const torn = new Uint8Array(value!)
    torn[150] = torn[150]! ^ 0xff
    await store.write(
      [
        { type: 'put', key: keys[1]!, value: torn },
        { type: 'put', key: `${KEYS.logs(jobHash('job'))}junk`, value: bytesOf('junk') },
      ],
      { durable: true },
    )
    const logger = recordingLogger()
    const again = await startPeer(network, { store, signer: peer.signer, logger })
    t.after(() => again.replica.stop().then(() => store.close()))
    const reopened = await again.replica.open('job')
    assert.equal(viewOf(reopened).length >= 1, true)
    await hasEntries(reopened, 4)
    assert.deepEqual(viewOf(reopened), viewOf(otherLog!))
    assert.equal(logger.lines.filter(({ message }) => /damaged record/.test(message)).length, 2)
    assert.equal((await keysOf(store, 'bad/')).length, 2)
    await reopened.append([record('after')])
    await hasEntries(otherLog!, 5)
    assert.deepEqual(otherLog!.equivocators(), [])
  })

  for (const [name, damage] of Object.entries({
    'a table with bytes overwritten': async (path: string) => {
      const file = join(path, (await readdir(path)).find((name) => name.endsWith('.ldb'))!)
      const bytes = await readFile(file)
      bytes.fill(0xa5, Math.floor(bytes.length / 2), Math.floor(bytes.length / 2) + 20_000)
      await writeFile(file, bytes)
    },
    'a table cut off': async (path: string) => {
      // All of them: one alone may be a table that LevelDB had already replaced.
      for (const name of await readdir(path)) if (name.endsWith('.ldb')) await truncate(join(path, name), 1000)
    },
    'a MANIFEST of noise': async (path: string) => {
      const file = join(path, (await readdir(path)).find((name) => name.startsWith('MANIFEST'))!)
      await writeFile(file, crypto.getRandomValues(new Uint8Array(500)))
    },
    'no CURRENT file': async (path: string) => {
      await writeFile(join(path, 'CURRENT'), '')
    },
  })) {
    it(`starts with ${name}, and has all again after a sync`, async (t) => {
      const path = await directoryOf(t)
      const network = createFakeNetwork()
      const other = await startPeer(network)
      t.after(() => other.replica.stop())
      const otherLog = await other.replica.open('job')
      await otherLog.append(
        Array.from({ length: 1200 }, (_, i) => ({ key: `k/${i}`, value: crypto.getRandomValues(new Uint8Array(5000)) })),
      )
      const count = 1200
      const first = await startStored()
      await first.log.syncWith(other.signer.peer)
      assert.equal(viewOf(first.log).length, count)
      await first.stop()
      await damage(path)
      const again = await startStored()
      // Seen by LevelDB, or by the tag of a record.
      assert.ok(again.logger.lines.some(({ message }) => /repairing|damaged record/.test(message)))
      await again.log.syncWith(other.signer.peer)
      assert.deepEqual(viewOf(again.log), viewOf(otherLog))
      await again.stop()

      async function startStored() {
        const logger = recordingLogger()
        const store = await openLevelStore({ path, logger })
        const peer = await startPeer(network, { store, logger })
        const log = await peer.replica.open('job')
        const stop = async () => {
          await peer.replica.stop()
          await store.close()
          peer.net.vanish()
        }
        t.after(stop)
        return { log, logger, stop }
      }
    })
  }

  it('says what is wrong where no directory can be made', async (t) => {
    const path = await directoryOf(t)
    await writeFile(path, 'a file')
    await assert.rejects(openLevelStore({ path: join(path, 'below') }), StoreUnusableError)
  })
})
