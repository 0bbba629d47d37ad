/** The order of BN254's scalar field: ids, seeds and commitments are its elements, as the circuit will need them. */
export const FIELD_ORDER = 21888242871839275222246405745257275088548364400416034343698204186575808495617n

/** 64 lower-case hexadecimal digits of a field element. */
export function fieldToHex(value: bigint): string {
  return value.toString(16).padStart(64, '0')
}

/** The first 31 bytes as a number: always below the order, and still 124 bits strong against collisions. */
export function bytesToField(bytes: Uint8Array): bigint {
  let value = 0n
  for (const byte of bytes.subarray(0, 31)) value = (value << 8n) | BigInt(byte)
  return value
}
