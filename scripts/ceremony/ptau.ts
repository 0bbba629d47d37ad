import { hashOfFile } from '../keys/export.ts'

/**
 * BLAKE2b-512 of the public powers-of-tau files of the perpetual ceremony (powersOfTau28_hez_final_<power>.ptau), as snarkjs' README lists them. The
 * file is named by its path and never fetched. 4x4 needs 2^14, 5x10 and 8x8 2^15, 16x16 2^16; a larger one does as well.
 */
export const PUBLIC_PTAU: Readonly<Record<number, string>> = {
  14: 'eeefbcf7c3803b523c94112023c7ff89558f9b8e0cf5d6cdcba3ade60f168af4a181c9c21774b94fbae6c90411995f7d854d02ebd93fb66043dbb06f17a831c1',
  15: '982372c867d229c236091f767e703253249a9b432c1710b4f326306bfa2428a17b06240359606cfe4d580b10a5a1f63fbed499527069c18ae17060472969ae6e',
  16: '6a6277a2f74e1073601b4f9fed6e1e55226917efb0f0db8a07d98ab01df1ccf43eb0e8c3159432acd4960e2f29fe84a4198501fa54c8dad9e43297453efec125',
  17: '6247a3433948b35fbfae414fa5a9355bfb45f56efa7ab4929e669264a0258976741dfbe3288bfb49828e5df02c2e633df38d2245e30162ae7e3bcca5b8b49345',
}

/** The file's BLAKE2b-512, which must be one of `allowed`. Throws where it is not: a foreign tau may be known to somebody. */
export async function checkPtau(path: string, allowed: readonly string[] = Object.values(PUBLIC_PTAU)): Promise<string> {
  const found = await hashOfFile(path, 'blake2b512')
  if (!allowed.includes(found)) throw new Error(`expected ${path} to be a pinned powers-of-tau file, found BLAKE2b-512 ${found}`)
  return found
}
