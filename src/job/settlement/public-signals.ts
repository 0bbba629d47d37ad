import { keccak_256 } from '@noble/hashes/sha3.js'
import { bytesToBigInt, hexToBytes } from '../bytes.ts'
import { FIELD_ORDER, fieldToHex } from '../field.ts'
import { walletToField } from './hashes.ts'

/** Where and by whom a settlement is sent: a proof for another place or another caller's is worthless. */
export interface SettlementDomain {
  chainId: bigint
  /** Addresses. */
  escrow: string
  finisher: string
}

/** Offset of the dynamic array in abi.encode(C, chainid, escrow, finisher, D): five words. */
const D_OFFSET = 160n

/** keccak256(abi.encode(uint256 C, uint256 chainid, address escrow, address finisher, uint256[] D)) mod p: the second public signal. */
export function pointOf(c: bigint, { chainId, escrow, finisher }: SettlementDomain, d: readonly bigint[]): bigint {
  const words = [c, chainId, walletToField(escrow), walletToField(finisher), D_OFFSET, BigInt(d.length), ...d]
  const hash = keccak_256(hexToBytes(words.map(fieldToHex).join('')))
  return bytesToBigInt(hash) % FIELD_ORDER
}

/** Σ D[i] · z^i, the third public signal. */
export function evaluateAt(d: readonly bigint[], z: bigint): bigint {
  return d.reduceRight((sum, element) => (sum * z + element) % FIELD_ORDER, 0n)
}

export interface PublicSignals {
  c: bigint
  z: bigint
  y: bigint
}

/** The public signals of a settlement sent by `domain.finisher`. */
export function publicSignalsOf({ c, d }: { c: bigint; d: readonly bigint[] }, domain: SettlementDomain): PublicSignals {
  const z = pointOf(c, domain, d)
  return { c, z, y: evaluateAt(d, z) }
}
