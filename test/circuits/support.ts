import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { type MemoryFile, wtns } from 'snarkjs'
import { compileSizeClass } from '../../scripts/circuits/artifacts.ts'
import { type Compiled, compileCircuit } from '../../scripts/circuits/compile.ts'
import { readElement, readR1cs, sectionsOf } from '../../scripts/keys/r1cs.ts'
import { FIELD_ORDER } from '../../src/job/field.ts'
import type { SizeClassName } from '../../src/job/settlement/size-classes.ts'

export type Witness = bigint[]

/** One appearance of a wire in a constraint. */
interface Use {
  constraint: number
  side: 0 | 1 | 2
  coefficient: bigint
}

/** A compiled circuit whose witnesses can be bent. */
export interface TestCircuit {
  wires: number
  constraints: number
  /** The witness for the inputs; rejects where circom refuses them. */
  witness(input: object): Promise<Witness>
  /** True where all constraints hold. */
  holds(witness: Witness): boolean
  /** The witness with other values at some signals, by their names below main: what a lying prover would claim. */
  lie(witness: Witness, changes: Readonly<Record<string, bigint | number>>): Witness
  valueOf(witness: Witness, signal: string): bigint
  /** Wires that may take another value while all others stay and all constraints hold, with a name of each. */
  freeWires(witness: Witness): { wire: number; name: string }[]
}

/** A circuit with `main` as its main component, such as `Draw(5)`, found in the file `include`. Unoptimized, so that its signals keep their wires. */
export async function testCircuit(include: string, main: string): Promise<TestCircuit> {
  const source = `pragma circom 2.2.0;\ninclude "${include}";\ncomponent main = ${main};\n`
  return open(await compileCircuit({ name: `test-${main.replaceAll(/[^A-Za-z0-9]+/g, '-')}`, source, optimization: 1 }))
}

/** The circuit of a size class as keys are made for it. */
export async function sizeClassCircuit(name: SizeClassName): Promise<TestCircuit> {
  return open(await compileSizeClass(name))
}

function open({ r1cs, wasm, symbols }: Compiled): TestCircuit {
  const { wires, constraints, uses } = readUses(r1cs)
  const names = readSymbols(symbols)
  const program = readFileSync(wasm)
  const wireOf = (signal: string) => {
    const wire = names.get(`main.${signal}`)
    if (wire === undefined || wire < 0)
      throw new Error(`expected a wire of ${signal}, found ${wire === undefined ? 'no such signal' : 'that it was optimized away'}`)
    return wire
  }
  const sums = (witness: Witness) => {
    const sides = [0, 1, 2].map(() => new Array<bigint>(constraints).fill(0n))
    for (const [wire, list] of uses.entries()) {
      const value = witness[wire]!
      for (const { constraint, side, coefficient } of list) sides[side]![constraint]! += coefficient * value
    }
    return sides
  }
  return {
    wires,
    constraints,
    async witness(input) {
      const file: MemoryFile = { type: 'mem' }
      await quietly(() => wtns.calculate(input, program, file))
      return readWitness(Buffer.from(file.data!), wires)
    },
    holds(witness) {
      const [a, b, c] = sums(witness)
      return a!.every((sum, i) => (sum * b![i]! - c![i]!) % FIELD_ORDER === 0n)
    },
    lie(witness, changes) {
      const bent = [...witness]
      for (const [signal, value] of Object.entries(changes)) bent[wireOf(signal)] = modulo(BigInt(value))
      return bent
    },
    valueOf: (witness, signal) => witness[wireOf(signal)]!,
    freeWires(witness) {
      const [a, b, c] = sums(witness)
      const nameOf = new Map([...names].reverse().map(([signal, wire]) => [wire, signal]))
      const free: { wire: number; name: string }[] = []
      for (let wire = 1; wire < wires; wire++) {
        if ([1n, 0x1234_5678_9abc_def0_1234n].some((change) => !breaks(uses[wire]!, change, a!, b!, c!))) {
          free.push({ wire, name: nameOf.get(wire) ?? '?' })
        }
      }
      return free
    },
  }
}

/** True where one wire changed by `change` breaks a constraint. */
function breaks(uses: readonly Use[], change: bigint, a: bigint[], b: bigint[], c: bigint[]): boolean {
  const deltas = new Map<number, [bigint, bigint, bigint]>()
  for (const { constraint, side, coefficient } of uses) {
    const delta = deltas.get(constraint) ?? [0n, 0n, 0n]
    deltas.set(constraint, delta)
    delta[side] += coefficient * change
  }
  return [...deltas].some(([i, [da, db, dc]]) => ((a[i]! + da) * (b[i]! + db) - (c[i]! + dc)) % FIELD_ORDER !== 0n)
}

function readUses(path: string) {
  const r1cs = readR1cs(path)
  const uses: Use[][] = Array.from({ length: r1cs.wires }, () => [])
  r1cs.forEachTerm((constraint, side, wire, offset) => {
    uses[wire]!.push({ constraint, side, coefficient: readElement(r1cs.bytes, offset) })
  })
  return { wires: r1cs.wires, constraints: r1cs.constraints, uses }
}

/** The wire of each signal; -1 where the compiler needed none. */
function readSymbols(path: string): Map<string, number> {
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n')
  return new Map(lines.map((line) => line.split(',')).map(([, wire, , name]) => [name!, Number(wire)]))
}

function readWitness(bytes: Buffer, wires: number): Witness {
  const start = sectionsOf(bytes).get(2)!
  return Array.from({ length: wires }, (_, wire) => readElement(bytes, start + 32 * wire))
}

/** circom's runtime says on the console what it then throws. */
async function quietly(action: () => Promise<void>): Promise<void> {
  const { error } = console
  console.error = () => {}
  try {
    await action()
  } finally {
    console.error = error
  }
}

/** Both gates: the program that computes witnesses refuses the inputs. */
export function refused(circuit: TestCircuit, input: object): Promise<void> {
  return assert.rejects(circuit.witness(input), /Assert Failed|divide by zero/)
}

/** The witness is good, and none of these changed ones is. */
export function liesFail(circuit: TestCircuit, witness: Witness, lies: readonly Record<string, bigint | number>[]): void {
  assert.ok(circuit.holds(witness))
  for (const lie of lies) assert.equal(circuit.holds(circuit.lie(witness, lie)), false, Object.keys(lie).join(', '))
}

export function modulo(value: bigint): bigint {
  return ((value % FIELD_ORDER) + FIELD_ORDER) % FIELD_ORDER
}
