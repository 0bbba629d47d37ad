/**
 * Ed25519 by node:crypto with kept key objects. Signing takes 40 µs. Verifying takes 100 µs, in the thread pool: the main thread spends less than ten of
 * them, where WebCrypto's own detour doubles the whole.
 */
import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import type { Signer, VerifySignature } from '../ports.ts'
import { peerIdFromPublicKey } from '../protocol/peer-id.ts'
import { IdentityFileError } from './errors.ts'
import { ED25519_KEY_BYTES, ED25519_SIGNATURE_BYTES } from './identity.ts'
import { keepKeys } from './kept-keys.ts'

/** RFC 8410: what stands before the 32 bytes in a PKCS #8 secret and in an SPKI public key. */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex')
/** Key objects kept: making one costs a third of a verification. A Job has at most a few hundred authors. */
const MAX_KEPT_KEYS = 1024

const verifyInPool = (bytes: Uint8Array, key: KeyObject, signature: Uint8Array): Promise<boolean> =>
  new Promise((resolve, reject) => verify(null, bytes, key, signature, (error, isGood) => (error ? reject(error) : resolve(isGood))))

/** Signs with a 32-byte Ed25519 secret. Throws IdentityFileError for another length. */
export function createSigner(privateKey: Uint8Array): Signer {
  if (privateKey.byteLength !== ED25519_KEY_BYTES) {
    throw new IdentityFileError('the configuration', 'bad-key', `a secret of ${privateKey.byteLength} bytes`)
  }
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, privateKey]), format: 'der', type: 'pkcs8' })
  const publicKey = new Uint8Array(createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-ED25519_KEY_BYTES))
  return { peer: peerIdFromPublicKey(publicKey), publicKey, sign: async (bytes) => new Uint8Array(sign(null, bytes, key)) }
}

/** A VerifySignature that keeps the keys it has seen. */
export function createVerifier(): VerifySignature {
  const keyOf = keepKeys(MAX_KEPT_KEYS, (publicKey) =>
    createPublicKey({ key: Buffer.concat([SPKI_PREFIX, publicKey]), format: 'der', type: 'spki' }),
  )
  return async (publicKey, bytes, signature) => {
    if (publicKey.byteLength !== ED25519_KEY_BYTES || signature.byteLength !== ED25519_SIGNATURE_BYTES) return false
    try {
      return await verifyInPool(bytes, keyOf(publicKey), signature)
    } catch {
      return false
    }
  }
}

export const verifySignature: VerifySignature = createVerifier()
