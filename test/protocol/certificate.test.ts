import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { hashStruct } from '../../src/job/typed-data.ts'
import { randomWalletKey, signCertificate, verifyCertificate, walletAddress } from '../../src/protocol/certificate.ts'
import { decodeCbor, encodeCbor } from '../../src/protocol/codec.ts'

const vector = JSON.parse(readFileSync(new URL('../vectors/certificate.json', import.meta.url), 'utf8'))
const bytes = (hex: string) => new Uint8Array(Buffer.from(hex, 'hex'))
const hex = (value: Uint8Array) => Buffer.from(value).toString('hex')
const peerKey = new Uint8Array(32).fill(7)
const facts = { peerKey, chainId: vector.chainId as number, expiry: vector.expiry as number }

describe('what the certificate stands on agrees with the specifications', () => {
  it('EIP-55 addresses', () => {
    assert.equal(hex(keccak_256(new TextEncoder().encode('cow'))), vector.walletKey)
    assert.equal(walletAddress(bytes(vector.walletKey)), '0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826')
    assert.equal(
      walletAddress(bytes('ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80')),
      '0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266',
    )
  })

  it('the domain separator of EIP-712’s own example', () => {
    const domain = hashStruct('EIP712Domain', [
      ['name', { type: 'string', value: 'Ether Mail' }],
      ['version', { type: 'string', value: '1' }],
      ['chainId', { type: 'uint256', value: 1n }],
      ['verifyingContract', { type: 'address', value: new Uint8Array(20).fill(0xcc) }],
    ])
    assert.equal(hex(domain), 'f2cee375fa42b42143804025fc449deafd50cc031ca257e0b194a650a912090f')
  })

  it('the signature of EIP-712’s own example', () => {
    const digest = bytes('be609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2')
    const signature = secp256k1.sign(digest, bytes(vector.walletKey), { prehash: false, format: 'recovered' })
    assert.equal(signature[0], 1) // v = 28
    assert.equal(
      hex(signature.subarray(1)),
      '4355c47d63924e8a72e509b65029052eb6c299d53a04e167c5775fd466751c9d07299936d304c153f6443dfa05f40ff007d72911b6f72307f996231605b91562',
    )
  })
})

describe('a certificate', () => {
  it('keeps its bytes', () => {
    assert.equal(hex(signCertificate(bytes(vector.walletKey), facts)), vector.certificate)
    const { wallet, peer, chainId, expiry } = verifyCertificate(bytes(vector.certificate))
    assert.deepEqual(
      { wallet, peer, chainId, expiry },
      { wallet: vector.wallet, peer: '12D3KooWAHoEkEqnKzM5PXFygh2movVBCSX3k8tDsT2cneU68Gyt', chainId: 31337, expiry: 2000000000 },
    )
  })

  it('holds for every new wallet', () => {
    for (let index = 0; index < 5; index++) {
      const key = randomWalletKey()
      assert.equal(verifyCertificate(signCertificate(key, facts)).wallet, walletAddress(key))
    }
  })

  it('does not hold when any byte was changed', () => {
    const good = bytes(vector.certificate)
    for (let index = 0; index < good.length; index++) {
      assert.throws(() => verifyCertificate(good.with(index, (good[index] as number) ^ 1)), { name: 'CertificateError' }, `byte ${index}`)
    }
  })

  it('has no second spelling: high s, other v, other lengths', () => {
    const parts = decodeCbor(bytes(vector.certificate), { maxBytes: 256 }) as { signature: Uint8Array }
    const rebuild = (signature: Uint8Array) => encodeCbor({ ...parts, signature }, { maxBytes: 256 })
    const s = BigInt(`0x${hex(parts.signature.subarray(32, 64))}`)
    const high = (secp256k1.Point.CURVE().n - s).toString(16).padStart(64, '0')
    const flipped = new Uint8Array([...parts.signature.subarray(0, 32), ...bytes(high), (parts.signature[64] as number) ^ 7])
    assert.throws(() => verifyCertificate(rebuild(flipped)), { name: 'CertificateError', fault: 'high-s' })
    for (const v of [0, 1, 26, 29, 255])
      assert.throws(() => verifyCertificate(rebuild(parts.signature.with(64, v))), { name: 'CertificateError' })
    assert.throws(() => verifyCertificate(rebuild(parts.signature.subarray(1))), { name: 'CertificateError', fault: 'shape' })
    assert.throws(() => verifyCertificate(rebuild(new Uint8Array(65))), { name: 'CertificateError' })
    assert.throws(() => verifyCertificate(new Uint8Array()), { name: 'CertificateError', fault: 'shape' })
  })

  it('names the wallet that signed: another’s name does not fit', () => {
    const parts = decodeCbor(bytes(vector.certificate), { maxBytes: 256 }) as object
    const stolen = encodeCbor({ ...parts, wallet: new Uint8Array(20).fill(1) }, { maxBytes: 256 })
    assert.throws(() => verifyCertificate(stolen), { name: 'CertificateError', fault: 'wallet-mismatch' })
  })

  it('expires only for those who give their time', () => {
    const good = bytes(vector.certificate)
    assert.throws(() => verifyCertificate(good, { nowSeconds: 2000000001 }), { name: 'CertificateError', fault: 'expired' })
    assert.equal(verifyCertificate(good, { nowSeconds: 2000000000 }).expiry, 2000000000)
    assert.throws(() => signCertificate(bytes(vector.walletKey), { ...facts, expiry: -1 }), { name: 'CodecError' })
  })
})
