import { bytesToBigInt, hexToBytes } from './bytes.ts'

/** The order of BN254's scalar field: ids, seeds and commitments are its elements, as the circuit will need them. */
export const FIELD_ORDER = 21888242871839275222246405745257275088548364400416034343698204186575808495617n

/** 64 lower-case hexadecimal digits of a field element. */
export function fieldToHex(value: bigint): string {
  return value.toString(16).padStart(64, '0')
}

/** The number behind `fieldToHex`'s digits, or behind any others. */
export function hexToField(hex: string): bigint {
  return BigInt(`0x${hex}`)
}

/** A field element in 32 bytes, big-endian. */
export function fieldToBytes(value: bigint): Uint8Array {
  return hexToBytes(fieldToHex(value))
}

/** The first 31 bytes as a number: always below the order, and still 124 bits strong against collisions. */
export function bytesToField(bytes: Uint8Array): bigint {
  return bytesToBigInt(bytes.subarray(0, 31))
}
