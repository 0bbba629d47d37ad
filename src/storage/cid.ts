import * as dagPb from '@ipld/dag-pb'
import { base64 } from 'multiformats/bases/base64'
import { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import { identity } from 'multiformats/hashes/identity'
import { sha256 } from 'multiformats/hashes/sha2'
import { InvalidCidError } from './errors.ts'
import { MAX_IDENTITY_BYTES } from './limits.ts'

/** Longer text is no CID of ours: 128 identity bytes in base 2 would not pass, nor would any use of it. */
const MAX_TEXT_LENGTH = 512
const SHA256_BYTES = 32
const HASH_OF_NOTHING = base64.decode('m47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU')

/** The CID behind the text, as version 1. Throws InvalidCidError, also for codecs and hashes that Minga does not accept. */
export function parseCid(text: string): CID {
  if (typeof text !== 'string' || text.length > MAX_TEXT_LENGTH) throw new InvalidCidError(String(text).slice(0, 80), 'it is too long')
  let cid: CID
  try {
    cid = CID.parse(text)
  } catch (cause) {
    throw new InvalidCidError(text, 'it does not parse', cause)
  }
  const refusal = whyRefused(cid)
  if (refusal !== undefined) throw new InvalidCidError(text, refusal)
  return cid.toV1()
}

/** Why a CID is refused; undefined where it is accepted: raw or dag-pb, sha2-256 of 32 bytes or an identity hash of at most 128. */
export function whyRefused(cid: CID): string | undefined {
  if (cid.code !== raw.code && cid.code !== dagPb.code) return `its codec is 0x${cid.code.toString(16)}`
  const { code, size } = cid.multihash
  if (code === sha256.code) return size === SHA256_BYTES ? undefined : `its sha2-256 hash has ${size} bytes`
  if (code === identity.code) return size <= MAX_IDENTITY_BYTES ? undefined : `it carries ${size} bytes itself`
  return `its hash function is 0x${code.toString(16)}`
}

/** True for a leaf whose bytes are the file's own. */
export const isRaw = (cid: CID): boolean => cid.code === raw.code

/** The name of a block whatever its codec: two CIDs of one hash are one block. */
export const keyOf = (cid: CID): string => base64.encode(cid.multihash.bytes)

/** The bytes that an identity CID carries itself; undefined for all others. */
const bytesInside = (cid: CID): Uint8Array | undefined => (cid.multihash.code === identity.code ? cid.multihash.digest : undefined)

/** The bytes that follow from the CID alone: those it carries itself, or none where it is the hash of nothing. */
export function withoutAsking(cid: CID): Uint8Array | undefined {
  const isOfNothing = cid.multihash.code === sha256.code && equal(cid.multihash.digest, HASH_OF_NOTHING)
  return isOfNothing ? new Uint8Array(0) : bytesInside(cid)
}

/**
 * True where `bytes` hash to `cid`. In Node this runs on the main thread on purpose: 1 MiB takes 0.7 ms there, and 2.4 ms of it by way of
 * WebCrypto's worker threads, which copy first.
 */
export async function isBlockOf(cid: CID, bytes: Uint8Array): Promise<boolean> {
  const inside = bytesInside(cid)
  if (inside !== undefined) return equal(inside, bytes)
  return equal(cid.multihash.digest, (await sha256.digest(bytes)).digest)
}

/** The CID of `bytes` as a raw leaf. */
export async function rawCidOf(bytes: Uint8Array): Promise<CID> {
  return CID.createV1(raw.code, await sha256.digest(bytes))
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index])
}
