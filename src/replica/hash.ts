import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js'
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { ByteWriter } from './bytes.ts'

/** SHA-256. Node's is seven times as fast as the portable one, which is the default. */
export type Sha256 = (bytes: Uint8Array) => Uint8Array

export const portableSha256: Sha256 = nobleSha256

/** `name` as a domain tag that no other kind of signed or hashed bytes starts with. */
export function domain(name: string): Uint8Array {
  return utf8ToBytes(`${name}\0`)
}

/** The hash that stands for a Job's id in signatures and store keys: of one length whatever the id is. */
export function jobHash(jobId: string): Uint8Array {
  return nobleSha256(concatBytes(domain('minga/log-job/1'), utf8ToBytes(jobId)))
}

const CLIENT_DOMAIN = domain('minga/log-client/1')

/**
 * The Yjs clientID of an author's log: the first 53 bits of H(public key, Job, incarnation). To meet another author's takes 2⁵³ hashes for
 * each start of the victim, and would only keep one of the two out.
 */
export function clientIdOf(publicKey: Uint8Array, job: Uint8Array, incarnation: number): number {
  const bytes = new ByteWriter(128).raw(CLIENT_DOMAIN).raw(publicKey).raw(job).u64(incarnation).done()
  const digest = nobleSha256(bytes)
  const view = new DataView(digest.buffer, digest.byteOffset)
  const high = view.getUint32(0)
  const low = view.getUint32(4)
  return (high >>> 11) * 2 ** 32 + (((high << 21) | (low >>> 11)) >>> 0)
}
