import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { TestContext } from 'node:test'
import { describe, it } from 'node:test'
import type { Blocks, PeerId } from '../../src/ports.ts'

const MIB = 1024 * 1024

export interface BlocksPair {
  here: Blocks
  there: Blocks
  /** The peer of `there`, as a provider for `here`. */
  provider: PeerId
}

/** What every implementation of the Blocks port must do. `start` gives two connected ones that hold nothing. */
export function describeBlocks(name: string, start: (t: TestContext) => Promise<BlocksPair>): void {
  describe(`Blocks: ${name}`, () => {
    for (const size of [0, 1, 1000, MIB - 1, MIB, MIB + 1, 5 * MIB + 17]) {
      it(`gives back a file of ${size} bytes, here and from another peer`, async (t) => {
        const { here, there, provider } = await start(t)
        const bytes = randomBytes(size)
        const cid = await there.put(bytes)
        assert.equal(await there.size(cid), size)
        assert.equal(Buffer.compare(await there.read(cid), bytes), 0)
        assert.equal(await here.size(cid, { providers: [provider] }), size)
        assert.equal(Buffer.compare(await here.read(cid, { providers: [provider] }), bytes), 0)
        assert.equal(await here.has(cid), true)
      })
    }

    it('makes one CID of the same bytes, whole or in pieces', async (t) => {
      const { here, there } = await start(t)
      const bytes = randomBytes(2 * MIB + 5)
      async function* pieces() {
        for (let at = 0; at < bytes.length; at += 70_001) yield bytes.subarray(at, at + 70_001)
      }
      assert.equal(await here.put(bytes), await there.put(pieces()))
    })

    it('reads any range as a slice, and refuses what lies outside', async (t) => {
      const { here, there, provider } = await start(t)
      const bytes = randomBytes(3 * MIB + 100)
      const cid = await there.put(bytes)
      const ranges: [number, number][] = [
        [0, 0],
        [0, 1],
        [MIB - 1, 2],
        [MIB, MIB],
        [17, 3 * MIB],
        [bytes.length - 1, 1],
        [bytes.length, 0],
      ]
      for (const [offset, length] of ranges) {
        const read = await here.read(cid, { offset, length, providers: [provider] })
        assert.equal(Buffer.compare(read, bytes.subarray(offset, offset + length)), 0, `${offset} + ${length}`)
      }
      for (const [offset, length] of [
        [0, bytes.length + 1],
        [bytes.length, 1],
        [-1, 2],
        [0.5, 1],
        [0, -1],
        [Number.MAX_SAFE_INTEGER, 1],
      ] as const) {
        await assert.rejects(
          here.read(cid, { offset, length, providers: [provider] }),
          { name: 'OutOfRangeError' },
          `${offset} + ${length}`,
        )
      }
    })

    it('says that a block is not found, with and without providers', async (t) => {
      const { here, there, provider } = await start(t)
      const cid = await there.put(randomBytes(10))
      await there.gc()
      assert.equal(await there.has(cid), false)
      await assert.rejects(here.read(cid), { name: 'BlockNotFoundError', cid })
      await assert.rejects(here.read(cid, { providers: [provider] }), { name: 'BlockNotFoundError', cid })
    })

    it('keeps what an owner pins until the last owner releases it', async (t) => {
      const { here, there, provider } = await start(t)
      const bytes = randomBytes(2 * MIB)
      const cid = await there.put(bytes, { owner: 'first' })
      assert.deepEqual(await here.fetch(cid, { providers: [provider], owner: 'first' }), { bytes: bytes.length })
      await here.fetch(cid, { owner: 'second' })
      await here.gc()
      await here.release('first')
      await here.gc()
      assert.equal(Buffer.compare(await here.read(cid), bytes), 0)
      await here.release('second')
      const { freedBytes } = await here.gc()
      assert.ok(freedBytes > bytes.length)
      assert.equal(await here.has(cid), false)
    })

    it('refuses a file above maxBytes, and a CID that it does not accept', async (t) => {
      const { here, there, provider } = await start(t)
      const cid = await there.put(randomBytes(2 * MIB))
      await assert.rejects(here.read(cid, { providers: [provider], maxBytes: MIB }), { name: 'FileTooLargeError' })
      await assert.rejects(here.fetch(cid, { providers: [provider], maxBytes: MIB }), { name: 'FileTooLargeError' })
      await assert.rejects(here.read('not a cid'), { name: 'InvalidCidError' })
    })

    it('stops at the signal, and for good at stop()', async (t) => {
      const { here, there, provider } = await start(t)
      const cid = await there.put(randomBytes(MIB))
      await assert.rejects(here.read(cid, { providers: [provider], signal: AbortSignal.abort(new Error('enough')) }), { message: 'enough' })
      await here.stop()
      await here.stop()
      await assert.rejects(here.read(cid), { name: 'StorageStoppedError' })
    })
  })
}
