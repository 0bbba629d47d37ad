import { bn254 } from '@noble/curves/bn254.js'
import { FIELD_ORDER } from '../job/field.ts'
import type { Proof } from '../ports.ts'
import type { VerificationKey } from './pinned-key.ts'

/*
 * Groth16's check with another library than the one that proves: an independent second opinion, without worker threads or a process. The contract
 * gives the third.
 */

const G1 = bn254.G1.Point
const G2 = bn254.G2.Point
type PointG1 = InstanceType<typeof G1>
type PointG2 = InstanceType<typeof G2>

/** True where `proof` holds for exactly these public signals under `key`; false also for points off the curve and numbers out of range. */
export function verifyGroth16(key: VerificationKey, proof: Proof, publicSignals: readonly bigint[]): boolean {
  if (publicSignals.length !== key.nPublic) return false
  if (publicSignals.some((signal) => signal < 0n || signal >= FIELD_ORDER)) return false
  try {
    const sum = key.IC.slice(1).reduce((total, point, i) => total.add(times(g1Of(point), publicSignals[i]!)), g1Of(key.IC[0]!))
    const pairs = [
      { g1: proofG1(proof.a).negate(), g2: proofG2(proof.b) },
      { g1: g1Of(key.vk_alpha_1), g2: g2Of(key.vk_beta_2) },
      { g1: sum, g2: g2Of(key.vk_gamma_2) },
      { g1: proofG1(proof.c), g2: g2Of(key.vk_delta_2) },
    ]
    return bn254.fields.Fp12.eql(bn254.pairingBatch(pairs), bn254.fields.Fp12.ONE)
  } catch {
    // A point off the curve or out of its group, or the point at infinity: no proof that a prover of ours makes.
    return false
  }
}

function times(point: PointG1, scalar: bigint): PointG1 {
  return scalar === 0n ? G1.ZERO : point.multiplyUnsafe(scalar)
}

function g1Of([x, y]: readonly string[]): PointG1 {
  return proofG1([BigInt(x!), BigInt(y!)])
}

/** snarkjs has the real part first, Solidity the imaginary. */
function g2Of([x, y]: readonly (readonly string[])[]): PointG2 {
  return proofG2([
    [BigInt(x![1]!), BigInt(x![0]!)],
    [BigInt(y![1]!), BigInt(y![0]!)],
  ])
}

function proofG1([x, y]: Proof['a']): PointG1 {
  const point = G1.fromAffine({ x, y })
  point.assertValidity()
  return point
}

function proofG2([x, y]: Proof['b']): PointG2 {
  const point = G2.fromAffine({ x: { c0: x[1], c1: x[0] }, y: { c0: y[1], c1: y[0] } })
  point.assertValidity()
  return point
}
