/** The part of EIP-712 that Minga needs: flat structs of static types and strings. */
import { keccak_256 } from '@noble/hashes/sha3.js'
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js'

export type FieldValue =
  | { type: 'uint256'; value: bigint }
  | { type: 'uint64'; value: bigint }
  | { type: 'uint32'; value: bigint }
  | { type: 'bytes32'; value: Uint8Array }
  | { type: 'address'; value: Uint8Array }
  | { type: 'string'; value: string }

export type Fields = readonly (readonly [name: string, field: FieldValue])[]

const WORD_BYTES = 32

/** hashStruct: keccak256(typeHash ‖ encodeData). */
export function hashStruct(name: string, fields: Fields): Uint8Array {
  const type = `${name}(${fields.map(([field, { type }]) => `${type} ${field}`).join(',')})`
  return keccak_256(concatBytes(keccak_256(utf8ToBytes(type)), ...fields.map(([, field]) => encodeWord(field))))
}

/** The digest to sign: keccak256(0x1901 ‖ domainSeparator ‖ hashStruct(message)). */
export function typedDataDigest(domainSeparator: Uint8Array, structHash: Uint8Array): Uint8Array {
  return keccak_256(concatBytes(Uint8Array.of(0x19, 0x01), domainSeparator, structHash))
}

function encodeWord(field: FieldValue): Uint8Array {
  if (field.type === 'string') return keccak_256(utf8ToBytes(field.value))
  const word = new Uint8Array(WORD_BYTES)
  if (field.type === 'uint256' || field.type === 'uint64' || field.type === 'uint32') {
    for (let index = WORD_BYTES - 1, rest = field.value; rest > 0n; index--, rest >>= 8n) word[index] = Number(rest & 255n)
  } else {
    word.set(field.value, WORD_BYTES - field.value.byteLength)
  }
  return word
}
