/**
 * A wallet's certificate for a peer key, by EIP-712, so that any wallet can sign it. Checking a secp256k1 signature takes a
 * millisecond, an Ed25519 one a tenth: the wallet signs once, and the peer key signs everything after.
 */
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { z } from 'zod'
import { hashStruct, typedDataDigest } from '../job/typed-data.ts'
import { addressOfPublicKey, checksumAddress } from '../job/wallet-address.ts'
import { defineMessage } from './codec.ts'
import { peerIdFromPublicKey } from './peer-id.ts'
import { CertificateError } from './wire-errors.ts'

export { randomWalletKey, walletAddress } from './wallet.ts'

/** What the wallet says: this peer key is mine, on this chain, until then. */
export interface CertificateFacts {
  /** Raw 32-byte Ed25519 public key. */
  peerKey: Uint8Array
  chainId: number
  /** Unix time in seconds. */
  expiry: number
}

/** A certificate that held. */
export interface VerifiedCertificate extends CertificateFacts {
  /** EIP-55 address of the wallet that signed. */
  wallet: string
  /** The peer id of `peerKey`. */
  peer: string
}

/** 20 + 32 + 65 bytes of fields, two integers, and the keys. */
const MAX_CERTIFICATE_BYTES = 256
const WALLET_BYTES = 20
const KEY_BYTES = 32
const SIGNATURE_BYTES = 65
/** Ethereum's `v` is 27 or 28 for recovery 0 and 1. */
const V_OFFSET = 27

const bytesOf = (length: number) => z.custom<Uint8Array>((value) => value instanceof Uint8Array && value.byteLength === length)
const seconds = z.int().min(0)

const certificateCodec = defineMessage(
  z.strictObject({
    wallet: bytesOf(WALLET_BYTES),
    peerKey: bytesOf(KEY_BYTES),
    chainId: z.int().min(1),
    expiry: seconds,
    /** r ‖ s ‖ v */
    signature: bytesOf(SIGNATURE_BYTES),
  }),
  { maxBytes: MAX_CERTIFICATE_BYTES, maxDepth: 1 },
)

/** The EIP-712 digest of the statement: domain {Minga, 1, chainId}, PeerCertificate(bytes32 peerKey,uint256 chainId,uint64 expiry). */
export function certificateDigest({ peerKey, chainId, expiry }: CertificateFacts): Uint8Array {
  const domain = hashStruct('EIP712Domain', [
    ['name', { type: 'string', value: 'Minga' }],
    ['version', { type: 'string', value: '1' }],
    ['chainId', { type: 'uint256', value: BigInt(chainId) }],
  ])
  const statement = hashStruct('PeerCertificate', [
    ['peerKey', { type: 'bytes32', value: peerKey }],
    ['chainId', { type: 'uint256', value: BigInt(chainId) }],
    ['expiry', { type: 'uint64', value: BigInt(expiry) }],
  ])
  return typedDataDigest(domain, statement)
}

/** The certificate's bytes, as they travel in records. Throws CodecError where the facts are out of range. */
export function signCertificate(walletKey: Uint8Array, facts: CertificateFacts): Uint8Array {
  const recovered = secp256k1.sign(certificateDigest(facts), walletKey, { prehash: false, lowS: true, format: 'recovered' })
  const signature = new Uint8Array(SIGNATURE_BYTES)
  signature.set(recovered.subarray(1))
  signature[SIGNATURE_BYTES - 1] = V_OFFSET + (recovered[0] as number)
  return joinCertificate({ ...facts, wallet: addressBytes(secp256k1.getPublicKey(walletKey, false)), signature })
}

/** The certificate's bytes from a signature made elsewhere (a browser's wallet): 65 bytes r ‖ s ‖ v. */
export function joinCertificate(parts: CertificateFacts & { wallet: Uint8Array; signature: Uint8Array }): Uint8Array {
  const { wallet, peerKey, chainId, expiry, signature } = parts
  return certificateCodec.encode({ wallet, peerKey, chainId, expiry, signature })
}

/**
 * What the certificate says, after its signature was checked. Throws CertificateError. Expiry is checked only where the caller gives
 * its time: what was signed while the certificate held stays valid, and clocks differ.
 */
export function verifyCertificate(certificate: Uint8Array, options: { nowSeconds?: number } = {}): VerifiedCertificate {
  const { wallet, peerKey, chainId, expiry, signature } = parse(certificate)
  const signer = recover(certificateDigest({ peerKey, chainId, expiry }), signature)
  const claimed = checksumAddress(wallet)
  if (signer !== claimed) throw new CertificateError('wallet-mismatch')
  if (options.nowSeconds !== undefined && options.nowSeconds > expiry) throw new CertificateError('expired')
  return { wallet: claimed, peer: peerIdFromPublicKey(peerKey), peerKey, chainId, expiry }
}

function parse(certificate: Uint8Array) {
  try {
    return certificateCodec.decode(certificate)
  } catch (error) {
    throw new CertificateError('shape', error)
  }
}

function recover(digest: Uint8Array, signature: Uint8Array): string {
  const v = signature[SIGNATURE_BYTES - 1] as number
  if (v !== V_OFFSET && v !== V_OFFSET + 1) throw new CertificateError('signature')
  try {
    const parsed = secp256k1.Signature.fromBytes(signature.subarray(0, -1), 'compact').addRecoveryBit(v - V_OFFSET)
    // Both (r, s) and (r, −s) hold; only one of them may, or a certificate has two spellings.
    if (parsed.hasHighS()) throw new CertificateError('high-s')
    return addressOfPublicKey(parsed.recoverPublicKey(digest).toBytes(false))
  } catch (error) {
    if (error instanceof CertificateError) throw error
    throw new CertificateError('signature', error)
  }
}

function addressBytes(publicKey: Uint8Array): Uint8Array {
  const digits = addressOfPublicKey(publicKey).slice(2)
  return Uint8Array.from({ length: WALLET_BYTES }, (_, index) => Number.parseInt(digits.slice(2 * index, 2 * index + 2), 16))
}
