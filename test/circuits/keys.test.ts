import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type Curve, curves, groth16, type MemoryFile, wtns, zKey } from 'snarkjs'
import { applyBeacon, contribute, exportCeremony, initCeremony, verifyCeremony } from '../../scripts/ceremony/ceremony.ts'
import { readTranscript, writeTranscript } from '../../scripts/ceremony/transcript.ts'
import type { Compiled } from '../../scripts/circuits/compile.ts'
import { elementBytes, modulo } from '../../scripts/keys/arithmetic.ts'
import { withCurve } from '../../scripts/keys/curve.ts'
import { hashOfFile } from '../../scripts/keys/export.ts'
import { fixedBase } from '../../scripts/keys/fixed-base.ts'
import { INSECURE_DEV_SECRET, secretsOf, writeInsecureDevKey } from '../../scripts/keys/insecure-dev-key.ts'
import { parsePinnedKey } from '../../src/proof/pinned-key.ts'
import { createProver } from '../../src/proof/prover.ts'
import { BEACON, compileTiny, writeTinyPtau } from './tiny-ceremony.ts'

describe('keys of a tiny circuit', () => {
  let folder: string
  let tiny: Compiled
  const path = (name: string) => join(folder, name)
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'minga-keys-'))
    tiny = await compileTiny()
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  describe('the INSECURE development key', () => {
    before(() => writeInsecureDevKey(tiny.r1cs, path('dev.zkey')))

    it('says so in its secret, and is the same bytes each time', async () => {
      assert.match(INSECURE_DEV_SECRET, /INSECURE/)
      await writeInsecureDevKey(tiny.r1cs, path('again.zkey'))
      await writeInsecureDevKey(tiny.r1cs, path('other.zkey'), 'INSECURE and another')
      assert.equal(await hashOfFile(path('again.zkey')), await hashOfFile(path('dev.zkey')))
      assert.notEqual(await hashOfFile(path('other.zkey')), await hashOfFile(path('dev.zkey')))
    })

    it('proves, and its proofs verify under it alone', async () => {
      await withCurve(async () => {
        const proven = await prove(tiny, path('dev.zkey'))
        const [own, other] = [await zKey.exportVerificationKey(path('dev.zkey')), await zKey.exportVerificationKey(path('other.zkey'))]
        assert.equal(await groth16.verify(own, proven.publicSignals, proven.proof), true)
        assert.equal(await groth16.verify(other, proven.publicSignals, proven.proof), false)
        assert.equal(await groth16.verify(own, ['1', '1', '0', '3'], proven.proof), false)
      })
    })

    it('is one that snarkjs contributes to and verifies', async () => {
      await writePtau(path('dev.ptau'), 2 ** 4)
      await withCurve(async () => {
        await zKey.contribute(path('dev.zkey'), path('contributed.zkey'), 'somebody', 'entropy')
        assert.equal(
          await zKey.verifyFromInit(readFileSync(path('dev.zkey')), readFileSync(path('dev.ptau')), readFileSync(path('contributed.zkey'))),
          true,
        )
        const { proof, publicSignals } = await prove(tiny, path('contributed.zkey'))
        const key = await zKey.exportVerificationKey(path('contributed.zkey'))
        assert.equal(await groth16.verify(key, publicSignals, proof), true)
      })
    })
  })

  describe('the ceremony', () => {
    let ptau: string
    let allowedPtau: string[]
    const files = () => ({ ...tiny, circuit: 'tiny', folder: path('ceremony'), ptau, allowedPtau })

    before(async () => {
      ;({ ptau, allowedPtau } = await writeTinyPtau(folder))
    })

    it('begins with pinned powers of tau only', async () => {
      await assert.rejects(initCeremony({ ...files(), allowedPtau: [] }), /pinned powers-of-tau/)
      const { allowedPtau: _, ...unpinned } = files()
      await assert.rejects(initCeremony(unpinned), /pinned powers-of-tau/)
      const { steps } = await initCeremony(files())
      assert.deepEqual(
        steps.map(({ kind }) => kind),
        ['init'],
      )
    })

    it('goes by contributions and a beacon to a key that proves, with everything that is to be committed', async () => {
      await contribute(path('ceremony'), 'first')
      await contribute(path('ceremony'), 'second', 'with dice')
      await assert.rejects(exportCeremony(files(), path('out')), /a beacon has ended/)
      assert.throws(() => applyBeacon(path('ceremony'), 'short', 'abcd'), /16 bytes/)
      await applyBeacon(path('ceremony'), 'block 1', BEACON)
      await assert.rejects(contribute(path('ceremony'), 'late'), /beacon has ended/)
      await exportCeremony(files(), path('out'))
      const key = parsePinnedKey(JSON.parse(readFileSync(path('out/tiny.json'), 'utf8')))
      assert.equal(key.insecure, false)
      assert.match(readFileSync(path('out/Verifiertiny.sol'), 'utf8'), /contract Verifiertiny \{/)
      const prover = createProver({}, { circuits: { tiny: { wasm: path('out/tiny.wasm'), zkey: path('out/tiny.zkey'), key } } })
      const { proof, publicSignals } = await prover.prove('tiny', { n: '2' })
      assert.deepEqual(publicSignals, [1n, 1n, 0n, 2n])
      assert.equal(prover.verify('tiny', proof, [1n, 1n, 0n, 3n]), false)
    })

    it('is neither begun again nor continued by two at once, so that no contribution is lost', async () => {
      const held = { ...files(), folder: path('held') }
      await initCeremony(held)
      await contribute(held.folder, 'first')
      await assert.rejects(initCeremony(held), /found one of tiny with 1 steps: continue it/)
      const results = await Promise.allSettled(['second', 'third'].map((name) => contribute(held.folder, name)))
      assert.deepEqual(results.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
      const refused = results.find((result) => result.status === 'rejected')
      assert.match(String(refused?.reason), new RegExp(`found process ${process.pid}: wait for it, or delete .*ceremony.lock`))
      await contribute(held.folder, 'again')
      assert.deepEqual(
        (await verifyCeremony(held)).steps.map(({ name }) => name),
        ['initial key', 'first', results[0]?.status === 'fulfilled' ? 'second' : 'third', 'again'],
      )
      // Nothing half written, and no lock.
      assert.deepEqual(
        readdirSync(held.folder).sort(),
        ['tiny-0000', 'tiny-0001', 'tiny-0002', 'tiny-0003'].map((name) => `${name}.zkey`).concat('transcript.json'),
      )
    })

    it('is found out where a file, a hash, a name or the beacon was changed afterwards', async () => {
      const transcript = readTranscript(path('ceremony'))
      assert.equal((await verifyCeremony(files())).steps.length, 4)
      const forge = async (change: (forged: typeof transcript) => void, why: RegExp) => {
        const forged = structuredClone(transcript)
        change(forged)
        writeTranscript(path('ceremony'), forged)
        await assert.rejects(verifyCeremony(files()), why)
        writeTranscript(path('ceremony'), transcript)
      }
      await forge(({ steps }) => (steps[1]!.hash = steps[2]!.hash), /contribution 1, by first/)
      await forge(({ steps }) => steps.splice(1, 1), /number of contributions/)
      await forge(({ steps }) => (steps[3]!.beacon!.hex = `ff${BEACON.slice(2)}`), /beacon/)
      await forge(({ steps }) => (steps[2]!.sha256 = steps[1]!.sha256), /tiny-0002.zkey/)
      await forge((forged) => (forged.r1csSha256 = '00'), /constraint system/)
      const last = path('ceremony/tiny-0003.zkey')
      const bytes = readFileSync(last)
      // a delta that nobody contributed to, in the header's last point
      const foreign = Buffer.from(bytes)
      readFileSync(path('ceremony/tiny-0002.zkey')).copy(foreign, 100, 100, 700)
      writeFileSync(last, foreign)
      const hash = await hashOfFile(last)
      await forge(({ steps }) => (steps[3]!.sha256 = hash), /to follow from circuit/)
      writeFileSync(last, bytes)
      await verifyCeremony(files())
    })
  })
})

async function prove({ wasm }: Compiled, zkey: string) {
  const witness: MemoryFile = { type: 'mem' }
  await wtns.calculate({ n: '2' }, readFileSync(wasm), witness)
  return groth16.prove(zkey, witness)
}

/** The powers of the development key's tau, as far as snarkjs' verification reads them. */
async function writePtau(path: string, domain: number): Promise<void> {
  const curve: Curve = await curves.getCurveFromName('bn128', { singleThread: true })
  const { tau } = secretsOf(INSECURE_DEV_SECRET)
  const powers = [1n]
  while (powers.length < 2 * domain) powers.push(modulo(powers.at(-1)! * tau))
  const section = (id: number, bytes: Buffer) => {
    const head = Buffer.alloc(12)
    head.writeUInt32LE(id, 0)
    head.writeBigUInt64LE(BigInt(bytes.length), 4)
    return Buffer.concat([head, bytes])
  }
  const head = Buffer.concat([Buffer.from('ptau'), Buffer.from([1, 0, 0, 0, 2, 0, 0, 0])])
  writeFileSync(path, Buffer.concat([head, section(1, elementBytes(curve.q)), section(2, fixedBase(curve, 'G1', 8)(powers))]))
}
