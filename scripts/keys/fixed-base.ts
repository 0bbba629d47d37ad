import type { Curve, Group } from 'snarkjs'
import { createArena } from '../../src/proof/groth16/arena.ts'

/** Multiples of one group's generator, as affine points in the curve's Montgomery form: the bytes of a snarkjs key. */
export type FixedBase = (scalars: readonly bigint[]) => Buffer

const SCALAR_BITS = 254
/** Points turned affine together: one inversion for all of them. */
const BATCH = 512
/** The curve's batch operations use memory above what was allocated. */
const SCRATCH_BYTES = 24 << 20

/**
 * Tables of all multiples d · 2^(w·i) of the generator, so that a product costs one addition a window and no doubling. The calls go straight to
 * the curve's WebAssembly, which must be single-threaded: through snarkjs each would cost a message.
 */
export function fixedBase(curve: Curve, group: 'G1' | 'G2', windowBits: number): FixedBase {
  const wasm = wasmOf(curve, group)
  const windows = Math.ceil(SCALAR_BITS / windowBits)
  const perWindow = 2 ** windowBits - 1
  const table = fillTable(wasm, curve[group], windows, perWindow, windowBits)
  const batch = wasm.allocate(BATCH * wasm.jacobianBytes)
  const affine = wasm.allocate(BATCH * wasm.affineBytes)
  return (scalars) => {
    const out = Buffer.alloc(scalars.length * wasm.affineBytes)
    for (let from = 0; from < scalars.length; from += BATCH) {
      const count = Math.min(BATCH, scalars.length - from)
      for (let i = 0; i < count; i++) multiply(wasm, table, perWindow, windowBits, scalars[from + i]!, batch + i * wasm.jacobianBytes)
      wasm.batchToAffine(batch, count, affine)
      out.set(wasm.memory().subarray(affine, affine + count * wasm.affineBytes), from * wasm.affineBytes)
    }
    return out
  }
}

function wasmOf(curve: Curve, group: 'G1' | 'G2') {
  const { tm } = curve
  const { take } = createArena(curve, { scratchBytes: SCRATCH_BYTES })
  const prefix = group === 'G1' ? 'g1m' : 'g2m'
  const coordinateBytes = group === 'G1' ? 32 : 64
  const call = (name: string) => tm.instance.exports[`${prefix}_${name}`]!
  return {
    affineBytes: 2 * coordinateBytes,
    jacobianBytes: 3 * coordinateBytes,
    add: call('add'),
    addMixed: call('addMixed'),
    double: call('double'),
    zero: call('zero'),
    batchToAffine: call('batchToAffine'),
    memory: () => tm.u8,
    allocate: take,
  }
}

type Wasm = ReturnType<typeof wasmOf>

function fillTable(wasm: Wasm, group: Group, windows: number, perWindow: number, windowBits: number): number {
  const table = wasm.allocate(windows * perWindow * wasm.affineBytes)
  const base = wasm.allocate(wasm.jacobianBytes)
  const sum = wasm.allocate(wasm.jacobianBytes)
  const multiples = wasm.allocate(perWindow * wasm.jacobianBytes)
  wasm.memory().set(group.toJacobian === undefined ? group.g : group.toJacobian(group.g), base)
  for (let window = 0; window < windows; window++) {
    wasm.zero(sum)
    for (let digit = 0; digit < perWindow; digit++) {
      wasm.add(sum, base, sum)
      wasm.memory().copyWithin(multiples + digit * wasm.jacobianBytes, sum, sum + wasm.jacobianBytes)
    }
    wasm.batchToAffine(multiples, perWindow, table + window * perWindow * wasm.affineBytes)
    for (let bit = 0; bit < windowBits; bit++) wasm.double(base, base)
  }
  return table
}

function multiply(wasm: Wasm, table: number, perWindow: number, windowBits: number, scalar: bigint, into: number): void {
  wasm.zero(into)
  const mask = BigInt(perWindow)
  const shift = BigInt(windowBits)
  for (let window = 0, rest = scalar; rest > 0n; window++, rest >>= shift) {
    const digit = Number(rest & mask)
    if (digit > 0) wasm.addMixed(into, table + (window * perWindow + digit - 1) * wasm.affineBytes, into)
  }
}
