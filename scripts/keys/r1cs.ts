import { readFileSync } from 'node:fs'

/** Which of the three vectors of a constraint a·b = c a term stands in. */
export type Side = 0 | 1 | 2

/** A constraint system as circom writes it. Wire 0 is the constant 1, then come the public signals. */
export interface R1cs {
  wires: number
  publicSignals: number
  constraints: number
  /** Calls `visit` for every term in order; `offset` is where its coefficient (32 bytes, little-endian) stands in `bytes`. */
  forEachTerm(visit: (constraint: number, side: Side, wire: number, offset: number) => void): void
  bytes: Buffer
}

const HEADER_SECTION = 1
const CONSTRAINTS_SECTION = 2
const ELEMENT_BYTES = 32

/** The system in circom's binary file (iden3/r1csfile, version 1). Throws a RangeError where the file is cut short, an Error where it is no such file. */
export function readR1cs(path: string): R1cs {
  const bytes = readFileSync(path)
  if (bytes.toString('latin1', 0, 4) !== 'r1cs') throw new Error(`expected an r1cs file, found ${path}`)
  const sections = sectionsOf(bytes)
  const header = sections.get(HEADER_SECTION)!
  if (bytes.readUInt32LE(header) !== ELEMENT_BYTES) throw new Error(`expected elements of ${ELEMENT_BYTES} bytes in ${path}`)
  const at = header + 4 + ELEMENT_BYTES
  const constraints = bytes.readUInt32LE(at + 24)
  return {
    bytes,
    wires: bytes.readUInt32LE(at),
    publicSignals: bytes.readUInt32LE(at + 4) + bytes.readUInt32LE(at + 8),
    constraints,
    forEachTerm: (visit) => visitTerms(bytes, sections.get(CONSTRAINTS_SECTION)!, constraints, visit),
  }
}

/** The coefficient, or any element, at `offset`. */
export function readElement(bytes: Buffer, offset: number): bigint {
  return (
    bytes.readBigUInt64LE(offset) |
    (bytes.readBigUInt64LE(offset + 8) << 64n) |
    (bytes.readBigUInt64LE(offset + 16) << 128n) |
    (bytes.readBigUInt64LE(offset + 24) << 192n)
  )
}

/** Where each section's content begins, by its number. Witness and key files are built alike. */
export function sectionsOf(bytes: Buffer): Map<number, number> {
  const sections = new Map<number, number>()
  let at = 12
  for (let left = bytes.readUInt32LE(8); left > 0; left--) {
    sections.set(bytes.readUInt32LE(at), at + 12)
    at += 12 + Number(bytes.readBigUInt64LE(at + 4))
  }
  return sections
}

function visitTerms(bytes: Buffer, start: number, constraints: number, visit: Parameters<R1cs['forEachTerm']>[0]): void {
  let at = start
  for (let constraint = 0; constraint < constraints; constraint++) {
    for (const side of [0, 1, 2] as const) {
      const terms = bytes.readUInt32LE(at)
      at += 4
      for (let term = 0; term < terms; term++) {
        visit(constraint, side, bytes.readUInt32LE(at), at + 4)
        at += 4 + ELEMENT_BYTES
      }
    }
  }
}
