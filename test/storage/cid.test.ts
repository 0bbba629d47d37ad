import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { CID } from 'multiformats/cid'
import * as Digest from 'multiformats/hashes/digest'
import { isBlockOf, parseCid, rawCidOf } from '../../src/storage/cid.ts'
import { InvalidCidError } from '../../src/storage/errors.ts'

const sha = (bytes: number) => Digest.create(0x12, new Uint8Array(bytes))
const identity = (bytes: number) => Digest.create(0x00, new Uint8Array(bytes))

describe('CIDs', () => {
  it('accepts raw and dag-pb with sha2-256 or a small identity hash, and gives version 1', () => {
    for (const cid of [
      CID.createV1(0x55, sha(32)),
      CID.createV1(0x70, sha(32)),
      CID.createV1(0x55, identity(128)),
      CID.createV0(sha(32) as never),
    ]) {
      const parsed = parseCid(cid.toString())
      assert.equal(parsed.version, 1)
      assert.deepEqual(parsed.multihash.bytes, cid.multihash.bytes)
    }
  })

  it('refuses other codecs, hashes and lengths', () => {
    const refused = [
      CID.createV1(0x71, sha(32)), // dag-cbor
      CID.createV1(0x72, identity(36)), // a libp2p key
      CID.createV1(0x55, Digest.create(0x11, new Uint8Array(20))), // sha1
      CID.createV1(0x55, Digest.create(0x13, new Uint8Array(64))), // sha2-512
      CID.createV1(0x55, sha(20)), // a cut hash is easier to collide
      CID.createV1(0x55, identity(129)),
    ]
    for (const cid of refused) assert.throws(() => parseCid(cid.toString()), InvalidCidError)
  })

  it('refuses any other text with InvalidCidError', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 700 }), (text) => {
        assert.throws(() => parseCid(text), InvalidCidError)
      }),
    )
  })

  it('tells a block of the CID from any other, small or large', async () => {
    for (const size of [0, 1, 20_000]) {
      const bytes = new Uint8Array(size).fill(7)
      const cid = await rawCidOf(bytes)
      assert.equal(await isBlockOf(cid, bytes), true)
      assert.equal(await isBlockOf(cid, new Uint8Array([...bytes, 0])), false)
    }
    assert.equal(await isBlockOf(CID.createV1(0x55, identity(3)), new Uint8Array(3)), true)
    assert.equal(await isBlockOf(CID.createV1(0x55, identity(3)), new Uint8Array(4)), false)
  })
})
