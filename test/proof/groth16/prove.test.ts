import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import { type Curve, curves, groth16, type MemoryFile, type VerificationKey, wtns, zKey } from 'snarkjs'
import { buildArtifacts } from '../../../scripts/circuits/artifacts.ts'
import type { Compiled } from '../../../scripts/circuits/compile.ts'
import { withCurve } from '../../../scripts/keys/curve.ts'
import { writeInsecureDevKey } from '../../../scripts/keys/insecure-dev-key.ts'
import { circuitInput } from '../../../src/job/settlement/circuit-input.ts'
import { publicSignalsOf } from '../../../src/job/settlement/public-signals.ts'
import { settle } from '../../../src/job/settlement/settle.ts'
import { SIZE_CLASSES } from '../../../src/job/settlement/size-classes.ts'
import { type Proven, proveGroth16 } from '../../../src/proof/groth16/prove.ts'
import { compileTiny } from '../../circuits/tiny-ceremony.ts'
import { sampleChunk } from '../../job/settlement/sample-chunk.ts'

describe('a proof of ours', () => {
  let folder: string
  let curve: Curve
  let tiny: Compiled
  let zkey: string
  let key: VerificationKey
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'minga-groth16-'))
    curve = await curves.getCurveFromName('bn128', { singleThread: true })
    tiny = await compileTiny()
    zkey = join(folder, 'tiny.zkey')
    await writeInsecureDevKey(tiny.r1cs, zkey)
    key = await withCurve(() => zKey.exportVerificationKey(zkey))
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  async function witnessOf(wasm: string, input: object): Promise<Uint8Array> {
    const witness: MemoryFile = { type: 'mem' }
    await wtns.calculate(input, readFileSync(wasm), witness)
    return witness.data!
  }

  /** As snarkjs writes them: decimal digits, real parts first. */
  function foreign({ proof: { a, b, c }, publicSignals }: Proven) {
    const texts = (values: readonly bigint[]) => values.map(String)
    const proof = { pi_a: [...texts(a), '1'], pi_b: [...b.map((pair) => texts(pair.toReversed())), ['1', '0']], pi_c: [...texts(c), '1'] }
    return { proof: { ...proof, protocol: 'groth16', curve: 'bn128' }, publicSignals: texts(publicSignals) }
  }

  it('holds where one of snarkjs does, by the verifier of snarkjs, and says the same; with another public signal it does not', async () => {
    await withCurve(() =>
      fc.assert(
        fc.asyncProperty(fc.integer({ min: 0, max: 3 }), async (n) => {
          const witness = await witnessOf(tiny.wasm, { n })
          const { proof, publicSignals } = foreign(await proveGroth16(curve, readFileSync(zkey), witness))
          const theirs = await groth16.prove(zkey, witness)
          assert.deepEqual(publicSignals, theirs.publicSignals)
          assert.equal(await groth16.verify(key, publicSignals, proof), true)
          assert.equal(await groth16.verify(key, theirs.publicSignals, theirs.proof), true)
          assert.equal(await groth16.verify(key, publicSignals.with(-1, String(n + 1)), proof), false)
        }),
        { numRuns: 8 },
      ),
    )
  })

  it('hides its witness behind fresh randomness: no coordinate comes twice', async () => {
    const witness = await witnessOf(tiny.wasm, { n: 2 })
    const proofs = [await proveGroth16(curve, readFileSync(zkey), witness), await proveGroth16(curve, readFileSync(zkey), witness)]
    const coordinates = proofs.flatMap(({ proof: { a, b, c } }) => [a, b.flat(), c].flat())
    assert.equal(new Set(coordinates).size, 2 * 8)
  })

  it('of a whole settlement holds', async () => {
    const artifacts = await buildArtifacts('4x4')
    const witness = await witnessOf(artifacts.wasm, settlementInput())
    const { proof, publicSignals } = foreign(await proveGroth16(curve, readFileSync(artifacts.zkey), witness))
    await withCurve(async () => {
      assert.equal(await groth16.verify(await zKey.exportVerificationKey(artifacts.zkey), publicSignals, proof), true)
    })
  })

  it('of a witness that breaks the circuit does not hold', async () => {
    const witness = (await witnessOf(tiny.wasm, { n: 2 })).slice()
    witness[witness.length - 32]! ^= 1
    const { proof, publicSignals } = foreign(await proveGroth16(curve, readFileSync(zkey), witness))
    assert.equal(await withCurve(() => groth16.verify(key, publicSignals, proof)), false)
  })

  it('wants a key of Groth16 and a witness of its circuit, and says what it found', async () => {
    const witness = await witnessOf(tiny.wasm, { n: 2 })
    const bytes = new Uint8Array(readFileSync(zkey))
    await assert.rejects(proveGroth16(curve, witness, witness), /begins with zkey, found "wtns"/)
    await assert.rejects(proveGroth16(curve, bytes, bytes), /begins with wtns, found "zkey"/)
    const plonk = bytes.slice()
    plonk[24] = 2
    await assert.rejects(proveGroth16(curve, plonk, witness), /protocol 1 \(Groth16\), found 2/)
    const other = await witnessOf((await buildArtifacts('4x4')).wasm, settlementInput())
    await assert.rejects(proveGroth16(curve, bytes, other), /expected \d+ wires, found \d+/)
  })
})

function settlementInput(): object {
  const shape = SIZE_CLASSES['4x4']
  const chunk = sampleChunk(shape, { ...shape, workers: 5 })
  const settlement = settle(shape, chunk)
  const signals = publicSignalsOf(settlement, { chainId: 31337n, escrow: `0x${'e1'.repeat(20)}`, finisher: `0x${'f1'.repeat(20)}` })
  return circuitInput(shape, chunk, settlement, signals)
}
