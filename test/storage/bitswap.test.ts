import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { createBlocks } from '../../src/storage/blocks.ts'
import { BLOCKS_SPEC } from '../../src/storage/bulk/protocol.ts'
import { MIB, sameBytes, startNetwork, startPeer } from './peers.ts'

describe('Bitswap', () => {
  it('is the way where a provider speaks no bulk protocol', async (t) => {
    const holder = await startPeer(t, { bulk: false, bitswap: true })
    const reader = await startPeer(t, { bitswap: true, dial: [holder.network] })
    const bytes = randomBytes(20 * MIB)
    const cid = await holder.blocks.put(bytes)
    assert.ok(sameBytes(await reader.blocks.read(cid, { providers: [holder.network.self] }), bytes))
    assert.equal(await reader.blocks.has(cid), true)
  })

  it('is the way where the bulk protocol fails', async (t) => {
    const network = await startNetwork(t)
    await network.streams.serve(BLOCKS_SPEC, () => {
      throw new Error('broken')
    })
    const holder = await createBlocks({ libp2p: network.libp2p })
    t.after(() => holder.stop())
    const reader = await startPeer(t, { bitswap: true, dial: [network] })
    const bytes = randomBytes(MIB + 1)
    const cid = await holder.put(bytes)
    assert.ok(sameBytes(await reader.blocks.read(cid, { providers: [network.self] }), bytes))
  })

  it('serves only whom it may, and still takes the answers of those it asks', async (t) => {
    const holder = await startPeer(t, { bulk: false, bitswap: true })
    const guarded = await startPeer(t, { bulk: false, bitswap: true, allow: () => false, dial: [holder.network] })
    const bytes = randomBytes(1000)
    const cid = await holder.blocks.put(bytes)
    assert.ok(sameBytes(await guarded.blocks.read(cid, { providers: [holder.network.self] }), bytes))
    const own = await guarded.blocks.put(randomBytes(1000))
    guarded.reads.length = 0
    const signal = AbortSignal.timeout(500)
    await assert.rejects(holder.blocks.read(own, { providers: [guarded.network.self], signal }), { name: 'TimeoutError' })
    assert.deepEqual(guarded.reads, [])
  })

  it('says at once that a provider does not have the block', async (t) => {
    const holder = await startPeer(t, { bulk: false, bitswap: true })
    const reader = await startPeer(t, { bulk: false, bitswap: true, dial: [holder.network] })
    const cid = await reader.blocks.put(randomBytes(5))
    await reader.blocks.gc()
    await assert.rejects(reader.blocks.read(cid, { providers: [holder.network.self] }), { name: 'BlockNotFoundError' })
    await assert.rejects(reader.blocks.read(cid, { providers: ['not a peer'] }), { name: 'BlockNotFoundError' })
  })
})
