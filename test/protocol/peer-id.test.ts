import assert from 'node:assert/strict'
import { it } from 'node:test'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import fc from 'fast-check'
import { isPeerId, peerIdFromPublicKey, publicKeyFromPeerId } from '../../src/protocol/peer-id.ts'

it('agrees with libp2p on every key, in both directions', async () => {
  for (let index = 0; index < 50; index++) {
    const key = await generateKeyPairFromSeed('Ed25519', new Uint8Array(32).fill(index))
    const text = peerIdFromPrivateKey(key).toString()
    assert.equal(peerIdFromPublicKey(key.publicKey.raw), text)
    assert.deepEqual(publicKeyFromPeerId(text), key.publicKey.raw)
  }
})

it('keeps the id of a known key', () => {
  assert.equal(peerIdFromPublicKey(new Uint8Array(32).fill(7)), '12D3KooWAHoEkEqnKzM5PXFygh2movVBCSX3k8tDsT2cneU68Gyt')
})

it('refuses every other text', () => {
  const good = peerIdFromPublicKey(new Uint8Array(32).fill(7))
  const bad = [
    '',
    '1',
    good.slice(1),
    `${good}1`,
    `1${good}`,
    good.replace('K', 'k'),
    'QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N',
    '0'.repeat(52),
    '1'.repeat(1_000_000),
  ]
  for (const text of bad) {
    assert.throws(() => publicKeyFromPeerId(text), { name: 'BadPeerIdError' })
    assert.equal(isPeerId(text), false)
  }
  assert.equal(isPeerId(good), true)
  assert.equal(isPeerId(7), false)
  assert.throws(() => peerIdFromPublicKey(new Uint8Array(33)), { name: 'BadPeerIdError' })
})

it('has one text for one key', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (key) =>
      assert.deepEqual(publicKeyFromPeerId(peerIdFromPublicKey(key)), key),
    ),
  )
  fc.assert(
    fc.property(fc.base64String({ maxLength: 60 }), (text) => {
      if (isPeerId(text)) assert.equal(peerIdFromPublicKey(publicKeyFromPeerId(text)), text)
    }),
  )
})
