import { createHash } from 'node:crypto'
import { closeSync, openSync, writeSync } from 'node:fs'
import { type Curve, curves } from 'snarkjs'
import { elementBytes, lagrangeAt, modulo } from './arithmetic.ts'
import { type FixedBase, fixedBase } from './fixed-base.ts'
import { evaluateQap } from './qap.ts'
import { type R1cs, readR1cs } from './r1cs.ts'

/** Whoever knows this string can forge proofs under the key, and everybody does. */
export const INSECURE_DEV_SECRET = 'INSECURE minga development key 2'

/*
 * A Groth16 proving key out of a published string, for tests, demo and development chains only. Tau, alpha and beta are known here, so every point
 * of the key is one multiple of a generator by a number computed in the clear; a real setup (scripts/ceremony) must sum points instead, which
 * takes minutes to an hour. Like any ceremony's initial key it has delta = 1, so that snarkjs verifies what is contributed to it. The same
 * constraint system gives the same bytes.
 */

interface Secrets {
  tau: bigint
  alpha: bigint
  beta: bigint
}

/** Below this many wires, tables of wide windows cost more than they save. */
const MANY_WIRES = 4000

/** Writes the INSECURE key of the system in `r1csPath` in snarkjs' format to `zkeyPath`. 3 s for 13,000 constraints, 13 s for 60,000. */
export async function writeInsecureDevKey(r1csPath: string, zkeyPath: string, secret = INSECURE_DEV_SECRET): Promise<void> {
  const curve = await curves.getCurveFromName('bn128', { singleThread: true })
  writeSections(zkeyPath, sectionsOfKey(curve, readR1cs(r1csPath), secretsOf(secret)))
}

/** The numbers that a ceremony destroys. */
export function secretsOf(secret: string): Secrets {
  const draw = (label: string) => modulo(BigInt(`0x${createHash('sha512').update(`${secret}|${label}`).digest('hex')}`))
  return { tau: draw('tau'), alpha: draw('alpha'), beta: draw('beta') }
}

type Section = readonly [id: number, parts: readonly Uint8Array[]]

function sectionsOfKey(curve: Curve, r1cs: R1cs, { tau, alpha, beta }: Secrets): Section[] {
  const rows = r1cs.constraints + r1cs.publicSignals + 1
  const log = Math.ceil(Math.log2(rows))
  const size = 2 ** log
  const root = (order: number) => BigInt(curve.Fr.toString(curve.Fr.w[order]!))
  const { a, b, c, coefficients } = evaluateQap(r1cs, lagrangeAt({ size, root: root(log), at: tau }, 0, 1, rows))

  const publicWires = r1cs.publicSignals + 1
  const combined = a.map((value, wire) => modulo(beta * value + alpha * b[wire]! + c[wire]!))
  // The quotient in the odd points of the domain of twice the size, where snarkjs evaluates it.
  const quotient = lagrangeAt({ size: 2 * size, root: root(log + 1), at: tau }, 1, 2, size)

  const [g1, g2] = bases(curve, r1cs.wires)
  const sizes = [uint32(r1cs.wires), uint32(r1cs.publicSignals), uint32(size)]
  const constants = [g1([alpha]), g1([beta]), g2([beta]), g2([1n]), g1([1n]), g2([1n])]
  return [
    [1, [uint32(1)]],
    [2, [uint32(32), elementBytes(curve.q), uint32(32), elementBytes(curve.r), ...sizes, ...constants]],
    [3, [g1(combined.slice(0, publicWires))]],
    [4, [coefficients]],
    [5, [g1(a)]],
    [6, [g1(b)]],
    [7, [g2(b)]],
    [8, [g1(combined.slice(publicWires))]],
    [9, [g1(quotient)]],
    // No contributions, and no hash of a circuit: nobody has taken part in a ceremony.
    [10, [Buffer.alloc(64), uint32(0)]],
  ]
}

function bases(curve: Curve, wires: number): [FixedBase, FixedBase] {
  const many = wires > MANY_WIRES
  return [fixedBase(curve, 'G1', many ? 12 : 8), fixedBase(curve, 'G2', many ? 10 : 8)]
}

function writeSections(path: string, sections: readonly Section[]): void {
  const file = openSync(path, 'w')
  try {
    writeSync(file, Buffer.concat([Buffer.from('zkey'), uint32(1), uint32(sections.length)]))
    for (const [id, parts] of sections) {
      const header = Buffer.alloc(12)
      header.writeUInt32LE(id, 0)
      header.writeBigUInt64LE(BigInt(parts.reduce((sum, part) => sum + part.length, 0)), 4)
      writeSync(file, header)
      for (const part of parts) writeSync(file, part)
    }
  } finally {
    closeSync(file)
  }
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}
