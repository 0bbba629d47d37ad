import { poseidon2 } from 'poseidon-lite/poseidon2'
import { concatBytes, sha256, utf8ToBytes } from '../bytes.ts'
import { bytesToField, FIELD_ORDER } from '../field.ts'
import { InvalidChunkError } from './errors.ts'
import { permute, RATE } from './permutation.ts'
import { MAX_BLOCKS } from './size-classes.ts'

const BLOCK_DOMAIN = utf8ToBytes('minga/settle/block\0')
const WALLET_BITS = 160n

/** What the escrow holds of the seed: Poseidon(seed, jobId). */
export function seedCommitmentOf(seed: bigint, jobId: bigint): bigint {
  return poseidon2([fieldElement('seed', seed), fieldElement('jobId', jobId)])
}

/**
 * The blinded result of one block, a field element: without the 32 bytes of `salt`, few possible results could be tried against it.
 * Throws InvalidChunkError where salt or hash have another length.
 */
export function blockElement(salt: Uint8Array, blockHash: Uint8Array): bigint {
  if (salt.length !== 32) throw new InvalidChunkError('salt', '32 bytes', String(salt.length))
  if (blockHash.length !== 32) throw new InvalidChunkError('blockHash', '32 bytes', String(blockHash.length))
  return bytesToField(sha256(concatBytes(BLOCK_DOMAIN, salt, blockHash)))
}

/** The elements of a MicroJob's blocks, with 0 for the blocks that it does not have. Throws InvalidChunkError. */
export function elementsOf(salt: Uint8Array, blockHashes: readonly Uint8Array[]): bigint[] {
  if (blockHashes.length < 1 || blockHashes.length > MAX_BLOCKS) {
    throw new InvalidChunkError('blockHashes', `1 … ${MAX_BLOCKS} of them`, String(blockHashes.length))
  }
  return Array.from({ length: MAX_BLOCKS }, (_, b) => (b < blockHashes.length ? blockElement(salt, blockHashes[b]!) : 0n))
}

/** The commit of a MicroJob. It starts at the wallet, so that nobody else can open a copy of it. Throws InvalidChunkError. */
export function leafOf(wallet: bigint, elements: readonly bigint[]): bigint {
  if (elements.length !== MAX_BLOCKS) throw new InvalidChunkError('elements', `${MAX_BLOCKS} of them`, String(elements.length))
  return permute(
    walletElement('wallet', wallet),
    elements.map((element, b) => fieldElement(`elements.${b}`, element)),
  )
}

/** One hash of any number of field elements, 16 a permutation. The start tells lengths apart from each other and from a leaf's wallet. */
export function wideHash(elements: readonly bigint[]): bigint {
  let chain = BigInt(elements.length) << WALLET_BITS
  for (let at = 0; at < elements.length; at += RATE) {
    chain = permute(
      chain,
      Array.from({ length: RATE }, (_, x) => elements[at + x] ?? 0n),
    )
  }
  return chain
}

/** The number behind a wallet's address. Throws InvalidChunkError where `address` is none. */
export function walletToField(address: string): bigint {
  if (!/^0x[0-9a-fA-F]{40}$/.test(address)) throw new InvalidChunkError('wallet', 'an address such as 0x12…', address)
  return BigInt(address)
}

/** The address of a wallet's number, in lower case. */
export function fieldToWallet(wallet: bigint): string {
  return `0x${walletElement('wallet', wallet).toString(16).padStart(40, '0')}`
}

/** `value` itself. Throws InvalidChunkError where it is no field element. */
export function fieldElement(path: string, value: bigint): bigint {
  if (value < 0n || value >= FIELD_ORDER) throw new InvalidChunkError(path, 'a field element', String(value))
  return value
}

/** `value` itself. Throws InvalidChunkError where it has more than the 160 bits of an address. */
export function walletElement(path: string, value: bigint): bigint {
  if (value < 0n || value >> WALLET_BITS !== 0n) throw new InvalidChunkError(path, 'a wallet of 160 bits', String(value))
  return value
}
