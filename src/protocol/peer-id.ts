import { base58btc } from 'multiformats/bases/base58'
import type { PeerId } from '../ports.ts'
import { BadPeerIdError } from './wire-errors.ts'

/** An identity multihash of 36 bytes that holds the protobuf {type: Ed25519, data: 32 bytes} (libp2p's peer id specification). */
const PREFIX = Uint8Array.of(0x00, 0x24, 0x08, 0x01, 0x12, 0x20)
const KEY_BYTES = 32
/** 38 bytes make 52 digits of base58. */
const MAX_TEXT_LENGTH = 60

/** The peer id of a raw 32-byte Ed25519 public key. Throws BadPeerIdError for another length. */
export function peerIdFromPublicKey(publicKey: Uint8Array): PeerId {
  if (publicKey.byteLength !== KEY_BYTES) throw new BadPeerIdError(`a key of ${publicKey.byteLength} bytes`)
  const bytes = new Uint8Array(PREFIX.length + KEY_BYTES)
  bytes.set(PREFIX)
  bytes.set(publicKey, PREFIX.length)
  return base58btc.baseEncode(bytes)
}

/** The raw 32-byte Ed25519 public key inside a peer id. Throws BadPeerIdError for anything that is not the one text of such an id. */
export function publicKeyFromPeerId(peer: PeerId): Uint8Array {
  const bytes = decodeBase58(peer)
  if (bytes.byteLength !== PREFIX.length + KEY_BYTES || PREFIX.some((byte, index) => bytes[index] !== byte)) throw new BadPeerIdError(peer)
  return bytes.slice(PREFIX.length)
}

/** True where `text` is the peer id of an Ed25519 key. */
export function isPeerId(text: unknown): text is PeerId {
  if (typeof text !== 'string') return false
  try {
    publicKeyFromPeerId(text)
    return true
  } catch {
    return false
  }
}

function decodeBase58(text: string): Uint8Array {
  if (text.length > MAX_TEXT_LENGTH) throw new BadPeerIdError(text)
  try {
    return base58btc.baseDecode(text)
  } catch (error) {
    throw new BadPeerIdError(text, error)
  }
}
