/** Ed25519 by WebCrypto: every current browser, and Node. */
import type { Signer, VerifySignature } from '../ports.ts'
import { peerIdFromPublicKey } from '../protocol/peer-id.ts'
import { IdentityFileError } from './errors.ts'
import { ED25519_KEY_BYTES, ED25519_SIGNATURE_BYTES } from './identity.ts'
import { keepKeys } from './kept-keys.ts'

const ALGORITHM = 'Ed25519'
/** RFC 8410: what stands before the 32 bytes of a PKCS #8 secret. */
const PKCS8_PREFIX = Uint8Array.from([0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20])
const MAX_KEPT_KEYS = 256

/** Signs with a 32-byte Ed25519 secret. Throws IdentityFileError for another length. */
export async function createWebSigner(privateKey: Uint8Array): Promise<Signer> {
  if (privateKey.byteLength !== ED25519_KEY_BYTES) {
    throw new IdentityFileError('the configuration', 'bad-key', `a secret of ${privateKey.byteLength} bytes`)
  }
  const der = new Uint8Array([...PKCS8_PREFIX, ...privateKey])
  // Extractable, because WebCrypto gives the public half of a secret only by export.
  const key = await crypto.subtle.importKey('pkcs8', der, ALGORITHM, true, ['sign'])
  const { x = '' } = await crypto.subtle.exportKey('jwk', key)
  const publicKey = fromBase64Url(x)
  return {
    peer: peerIdFromPublicKey(publicKey),
    publicKey,
    sign: async (bytes) => new Uint8Array(await crypto.subtle.sign(ALGORITHM, key, bytes as Uint8Array<ArrayBuffer>)),
  }
}

/** A VerifySignature that keeps the keys it has seen. */
export function createWebVerifier(): VerifySignature {
  const keyOf = keepKeys(MAX_KEPT_KEYS, (publicKey) =>
    crypto.subtle.importKey('raw', publicKey as Uint8Array<ArrayBuffer>, ALGORITHM, false, ['verify']),
  )
  return async (publicKey, bytes, signature) => {
    if (publicKey.byteLength !== ED25519_KEY_BYTES || signature.byteLength !== ED25519_SIGNATURE_BYTES) return false
    try {
      const key = await keyOf(publicKey)
      return await crypto.subtle.verify(ALGORITHM, key, signature as Uint8Array<ArrayBuffer>, bytes as Uint8Array<ArrayBuffer>)
    } catch {
      return false
    }
  }
}

function fromBase64Url(text: string): Uint8Array {
  return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (character) => character.charCodeAt(0))
}
