import assert from 'node:assert/strict'
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { loadIdentity, randomIdentity } from '../../src/network/identity-node.ts'
import { createSigner, verifySignature } from '../../src/network/signatures-node.ts'
import { createWebSigner, createWebVerifier } from '../../src/network/signatures-web.ts'
import { startNode } from './support.ts'

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'minga-identity-'))
  t.after(() => rm(path, { recursive: true, force: true }))
  return path
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

describe('an identity file', () => {
  it('is made once, for its owner alone, and stays', async (t) => {
    const path = join(await folder(t), 'deep', 'identity.json')
    const first = await loadIdentity(path)
    assert.equal((await stat(path)).mode & 0o777, 0o600)
    const again = await loadIdentity(path)
    assert.equal(again.peer, first.peer)
    assert.deepEqual(again.privateKey, first.privateKey)
    const node = await startNode(t, { privateKey: again.privateKey })
    assert.equal(node.self, first.peer)
    assert.deepEqual(node.publicKey, first.publicKey)
  })

  it('is one, also where many processes start at once', async (t) => {
    const path = join(await folder(t), 'identity.json')
    const all = await Promise.all(Array.from({ length: 8 }, () => loadIdentity(path)))
    assert.equal(new Set(all.map(({ peer }) => peer)).size, 1)
  })

  it('is closed to others again where a copy had opened it', async (t) => {
    const path = join(await folder(t), 'identity.json')
    const { peer } = await loadIdentity(path)
    await chmod(path, 0o644)
    assert.equal((await loadIdentity(path)).peer, peer)
    assert.equal((await stat(path)).mode & 0o777, 0o600)
  })

  it('is refused when it is damaged, and left as it is; the error does not show the secret', async (t) => {
    const path = join(await folder(t), 'identity.json')
    await loadIdentity(path)
    const good = await readFile(path, 'utf8')
    const { secret } = JSON.parse(good) as { secret: string }
    const flipped = good.replace(secret, secret.startsWith('0') ? `1${secret.slice(1)}` : `0${secret.slice(1)}`)
    const bad = ['', '{}', 'null', good.slice(0, 100), flipped, good.replace('"version":1', '"version":2'), 'x'.repeat(5_000)]
    for (const text of bad) {
      await writeFile(path, text)
      await assert.rejects(loadIdentity(path), (error: Error & { fault?: string }) => {
        assert.equal(error.name, 'IdentityFileError')
        assert.equal(error.fault, 'corrupt')
        assert.ok(error.message.includes(path))
        assert.ok(!JSON.stringify([error.message, error, String(error.cause)]).includes(secret.slice(8)))
        return true
      })
      assert.equal(await readFile(path, 'utf8'), text)
    }
  })

  it('says when it cannot be read or written', async (t) => {
    const path = await folder(t)
    await assert.rejects(loadIdentity(path), { name: 'IdentityFileError', fault: 'unreadable' })
    await writeFile(join(path, 'file'), '')
    await assert.rejects(loadIdentity(join(path, 'file', 'identity.json')), { name: 'IdentityFileError' })
    await mkdir(join(path, 'sub'))
  })
})

describe('Ed25519', () => {
  // RFC 8032, section 7.1, test 2.
  const secret = Buffer.from('4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb', 'hex')
  const publicKey = '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c'
  const signature =
    '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00'

  it('agrees with RFC 8032, on Node and in a browser', async () => {
    for (const signer of [createSigner(secret), await createWebSigner(secret)]) {
      assert.equal(hex(signer.publicKey), publicKey)
      assert.equal(hex(await signer.sign(Uint8Array.of(0x72))), signature)
    }
  })

  for (const [where, verify] of [
    ['Node', verifySignature],
    ['a browser', createWebVerifier()],
  ] as const) {
    it(`refuses every change, and malformed input, on ${where}`, async () => {
      const { signer } = randomIdentity()
      const bytes = new TextEncoder().encode('message')
      const good = await signer.sign(bytes)
      assert.equal(await verify(signer.publicKey, bytes, good), true)
      for (let index = 0; index < good.length; index += 7)
        assert.equal(await verify(signer.publicKey, bytes, good.with(index, (good[index] as number) ^ 1)), false)
      assert.equal(await verify(randomIdentity().publicKey, bytes, good), false)
      assert.equal(await verify(signer.publicKey, bytes.subarray(1), good), false)
      assert.equal(await verify(signer.publicKey, bytes, good.subarray(1)), false)
      assert.equal(await verify(signer.publicKey.subarray(1), bytes, good), false)
      assert.equal(await verify(new Uint8Array(32).fill(0xff), bytes, good), false)
      assert.equal(await verify(new Uint8Array(), bytes, new Uint8Array()), false)
    })
  }
})
