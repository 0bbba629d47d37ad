/** The groups' affine points, and the field's numbers, in bytes. */
const G1_BYTES = 64
const G2_BYTES = 128
const FIELD_BYTES = 32

/** The number of Groth16 in the first section of a proving key. */
const GROTH16 = 1

/** Where a proving key of snarkjs has what a proof needs; points are affine, in Montgomery's form, all zeros at infinity. */
export interface ProvingKey {
  /** Wires of the circuit, the constant one included. */
  wires: number
  publicSignals: number
  /** Rows of the constraint system, padded to a power of 2. */
  domain: number
  alpha1: Uint8Array
  beta1: Uint8Array
  beta2: Uint8Array
  delta1: Uint8Array
  delta2: Uint8Array
  /** How many entries the matrices A and B have that are not 0, and these entries as the curve's `qap_buildABC` takes them. */
  entries: number
  coefficients: Uint8Array
  /** A point for each wire. */
  a: Uint8Array
  b1: Uint8Array
  b2: Uint8Array
  /** A point for each wire that is private. */
  c: Uint8Array
  /** A point for each row of the domain. */
  h: Uint8Array
}

/** The parts of a .zkey of BN254. Throws an Error where it is none of Groth16: its hash was pinned, so nobody meets it. */
export function readProvingKey(bytes: Uint8Array): ProvingKey {
  const sections = sectionsOf(bytes, 'zkey')
  const protocol = view(sections(1)).getUint32(0, true)
  if (protocol !== GROTH16) throw new Error(`expected a proving key of protocol ${GROTH16} (Groth16), found ${protocol}`)
  const header = sections(2)
  let at = 0
  const take = (count: number) => {
    at += count
    return header.subarray(at - count, at)
  }
  const number = () => view(take(4)).getUint32(0, true)
  const field = () => {
    const size = number()
    if (size !== FIELD_BYTES) throw new Error(`expected numbers of ${FIELD_BYTES} bytes, found ${size}`)
    take(size)
  }
  field()
  field()
  const [wires, publicSignals, domain] = [number(), number(), number()]
  const [alpha1, beta1, beta2] = [take(G1_BYTES), take(G1_BYTES), take(G2_BYTES)]
  take(G2_BYTES) // gamma, which only verifiers need
  const [delta1, delta2] = [take(G1_BYTES), take(G2_BYTES)]
  const matrices = sections(4)
  return {
    ...{ wires, publicSignals, domain, alpha1, beta1, beta2, delta1, delta2 },
    entries: view(matrices).getUint32(0, true),
    coefficients: matrices.subarray(4),
    ...{ a: sections(5), b1: sections(6), b2: sections(7), c: sections(8), h: sections(9) },
  }
}

/** The value of each wire: numbers of 32 bytes, the least significant first. Throws an Error where `bytes` is no .wtns of snarkjs. */
export function readWitness(bytes: Uint8Array): Uint8Array {
  return sectionsOf(bytes, 'wtns')(2)
}

/** The sections of a file in iden3's format, by their number: magic, version and count, then number, length and bytes of each. */
function sectionsOf(bytes: Uint8Array, magic: string): (id: number) => Uint8Array {
  const found = Buffer.from(bytes.subarray(0, 4)).toString('latin1')
  if (found !== magic) throw new Error(`expected a file that begins with ${magic}, found ${JSON.stringify(found)}`)
  const numbers = view(bytes)
  const sections = new Map<number, Uint8Array>()
  let at = 12
  for (let left = numbers.getUint32(8, true); left > 0; left--) {
    const id = numbers.getUint32(at, true)
    const length = Number(numbers.getBigUint64(at + 4, true))
    sections.set(id, bytes.subarray(at + 12, at + 12 + length))
    at += 12 + length
  }
  return (id) => {
    const section = sections.get(id)
    if (section === undefined) throw new Error(`expected section ${id} in a .${magic}, found ${[...sections.keys()].join(', ')}`)
    return section
  }
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
