import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { CID } from 'multiformats/cid'
import * as Digest from 'multiformats/hashes/digest'
import { BLOCKS_SPEC, concat, decodeRequest, encodeBlock, encodeRequest, PART_BYTES } from '../../src/storage/bulk/protocol.ts'

const anyCid = fc
  .tuple(fc.constantFrom(0x55, 0x70), fc.uint8Array({ minLength: 32, maxLength: 32 }))
  .map(([codec, hash]) => CID.createV1(codec, Digest.create(0x12, hash)))
const someCids = fc.uniqueArray(anyCid, { minLength: 1, maxLength: 64, selector: String })

describe('/minga/blocks/1', () => {
  it('encodes and decodes every request within its limit', () => {
    fc.assert(
      fc.property(someCids, (cids) => {
        const bytes = encodeRequest({ mode: 'list', cids })
        assert.ok(bytes.length <= BLOCKS_SPEC.maxRequestBytes)
        assert.deepEqual(decodeRequest(bytes), { mode: 'list', cids })
      }),
    )
    fc.assert(fc.property(anyCid, (root) => assert.deepEqual(decodeRequest(encodeRequest({ mode: 'tree', root })), { mode: 'tree', root })))
  })

  it('has frozen bytes', () => {
    const root = CID.createV1(0x70, Digest.create(0x12, new Uint8Array(32).fill(0xab)))
    assert.equal(Buffer.from(encodeRequest({ mode: 'tree', root })).toString('hex'), `0101701220${'ab'.repeat(32)}`)
    assert.equal(Buffer.from(encodeRequest({ mode: 'list', cids: [root] })).toString('hex'), `0001701220${'ab'.repeat(32)}`)
    assert.deepEqual([...encodeBlock(undefined)], [new Uint8Array(0)])
    assert.deepEqual([...encodeBlock(Uint8Array.of(5, 6))], [Uint8Array.of(5, 6)])
  })

  it('refuses none, doubled, too many, foreign and badly spelled CIDs', () => {
    const cid = CID.createV1(0x55, Digest.create(0x12, new Uint8Array(32)))
    const many = Array.from({ length: 65 }, (_, index) => CID.createV1(0x55, Digest.create(0x12, new Uint8Array(32).fill(index))))
    const longVarint = concat([Uint8Array.of(0), Uint8Array.of(0x01, 0xd5, 0x00), cid.multihash.bytes]) // 0x55 in two bytes
    const refused = [
      new Uint8Array(0),
      Uint8Array.of(0),
      Uint8Array.of(7, ...cid.bytes),
      encodeRequest({ mode: 'list', cids: [cid, cid] }),
      encodeRequest({ mode: 'list', cids: many }),
      Uint8Array.of(1, ...cid.bytes, ...many[1]!.bytes),
      encodeRequest({ mode: 'list', cids: [CID.createV1(0x71, cid.multihash)] }),
      encodeRequest({ mode: 'list', cids: [CID.createV0(cid.multihash as never)] }),
      longVarint,
      new Uint8Array(BLOCKS_SPEC.maxRequestBytes + 1),
    ]
    for (const bytes of refused) assert.throws(() => decodeRequest(bytes), Error)
  })

  it('decodes random bytes to nothing but a canonical request', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), someCids, fc.nat(), (noise, cids, at) => {
        const mutated = encodeRequest({ mode: 'list', cids })
        mutated[at % mutated.length] = noise[0] ?? 0
        for (const bytes of [noise, mutated, concat([mutated, noise])]) {
          let decoded: ReturnType<typeof decodeRequest>
          try {
            decoded = decodeRequest(bytes)
          } catch {
            continue
          }
          assert.deepEqual(encodeRequest(decoded), bytes)
        }
      }),
    )
  })

  it('cuts a block into full parts and a rest', () => {
    for (const size of [0, 1, PART_BYTES, PART_BYTES + 1, 2 * PART_BYTES]) {
      const bytes = new Uint8Array(size).fill(3)
      const frames = [...encodeBlock(bytes)]
      assert.deepEqual(concat(frames), bytes)
      assert.ok(frames.at(-1)!.length < PART_BYTES)
      assert.ok(frames.slice(0, -1).every((frame) => frame.length === PART_BYTES))
      assert.ok(frames.every((frame) => frame.length <= BLOCKS_SPEC.maxFrameBytes))
    }
  })
})
