import { setImmediate } from 'node:timers/promises'
import type { Curve } from 'snarkjs'
import type { Proof } from '../../ports.ts'
import { affineGroup } from './affine-group.ts'
import { type Arena, createArena } from './arena.ts'
import { multiScalar } from './multi-scalar.ts'
import { readProvingKey, readWitness } from './proving-key.ts'
import { quotient } from './quotient.ts'

const SCALAR_BYTES = 32

/** A proof and its public signals. */
export interface Proven {
  proof: Proof
  publicSignals: bigint[]
}

/**
 * A proof out of a .zkey and a .wtns, both as bytes: what `groth16.prove` of snarkjs gives, with the same field, curve and randomness, in little more than half
 * its processor time. The curve must be single-threaded. `onPoints` is called where the sums over the key's points begin; between them other work has its turn.
 */
export async function proveGroth16(curve: Curve, zkey: Uint8Array, wtns: Uint8Array, onPoints: () => void = () => {}): Promise<Proven> {
  const key = readProvingKey(zkey)
  const witness = readWitness(wtns)
  if (witness.length !== key.wires * SCALAR_BYTES) throw new Error(`expected ${key.wires} wires, found ${witness.length / SCALAR_BYTES}`)
  const { Fr, G1, G2 } = curve
  const arena = createArena(curve)
  const [g1, g2] = [affineGroup(curve, 'G1'), affineGroup(curve, 'G2')]
  const h = quotient(curve, arena, key, witness)
  onPoints()
  const [r, s] = [Fr.random(), Fr.random()]

  await setImmediate()
  const sumA = multiScalar(g1, arena, [{ points: key.a, scalars: witness }])
  const a = G1.add(G1.add(sumA, key.alpha1), G1.timesFr(key.delta1, r))

  await setImmediate()
  // B's sum in G1 is only needed times r, so it is one with the sum of C. The terms r · s · delta of both cancel out.
  const sumC = multiScalar(g1, arena, [
    { points: key.c, scalars: witness.subarray((key.publicSignals + 1) * SCALAR_BYTES) },
    { points: key.h, scalars: h },
    { points: key.b1, scalars: scaled(curve, arena, witness, r) },
  ])
  const c = G1.add(G1.add(sumC, G1.timesFr(key.beta1, r)), G1.timesFr(a, s))

  await setImmediate()
  const sumB = multiScalar(g2, arena, [{ points: key.b2, scalars: witness }])
  const b = G2.add(G2.add(sumB, key.beta2), G2.timesFr(key.delta2, s))
  const [ax, ay] = G1.toObject(G1.toAffine(a))
  const [bx, by] = G2.toObject(G2.toAffine(b))
  const [cx, cy] = G1.toObject(G1.toAffine(c))
  const proof: Proof = { a: [ax, ay], b: [imaginaryFirst(bx), imaginaryFirst(by)], c: [cx, cy] }
  return { proof, publicSignals: publicSignalsOf(witness, key.publicSignals) }
}

function imaginaryFirst([real, imaginary]: readonly [bigint, bigint]): readonly [bigint, bigint] {
  return [imaginary, real]
}

/** Plain numbers times a factor in Montgomery's form. */
function scaled({ tm }: Curve, arena: Arena, numbers: Uint8Array, factor: Uint8Array): Uint8Array {
  return arena.within(() => {
    const [at, by] = [arena.put(numbers), arena.put(factor)]
    for (let number = at; number < at + numbers.length; number += SCALAR_BYTES) tm.instance.exports.frm_mul!(number, by, number)
    return arena.get(at, numbers.length)
  })
}

function publicSignalsOf(witness: Uint8Array, count: number): bigint[] {
  const signal = (wire: number) => {
    const bytes = Buffer.from(witness.subarray(wire * SCALAR_BYTES, (wire + 1) * SCALAR_BYTES))
    return BigInt(`0x${bytes.reverse().toString('hex')}`)
  }
  return Array.from({ length: count }, (_, i) => signal(i + 1))
}
