import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type Curve, curves, groth16, type MemoryFile, wtns, zKey } from 'snarkjs'
import { applyBeacon, contribute, exportCeremony, initCeremony, verifyCeremony } from '../../scripts/ceremony/ceremony.ts'
import { type AddedStep, readTranscript, type Step, writeTranscript } from '../../scripts/ceremony/transcript.ts'
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
      await forge(({ steps }) => (steps[1]!.hash = steps[2]!.hash), /hash of contribution 1 of the transcript/)
      await forge(({ steps }) => (steps[1]!.name = 'mallory'), /name of contribution 1 of the transcript, mallory, found first/)
      await forge(({ steps }) => (steps[0]!.hash = 'ff'.repeat(64)), /circuit's hash/)
      await forge(({ steps }) => (beaconOf(steps).hex = `ff${BEACON.slice(2)}`), /beacon of the transcript/)
      await forge(({ steps }) => (beaconOf(steps).iterationsExp = 11), /beacon's iterations/)
      await forge(({ steps }) => (steps[2]!.sha256 = steps[1]!.sha256), /tiny-0002.zkey/)
      await forge((forged) => (forged.r1csSha256 = '0'.repeat(64)), /constraint system/)
      await forge((forged) => (forged.ptauBlake2b = '0'.repeat(128)), /powers of tau/)
      // Kinds that the key does not say.
      const { beacon: _, ...asContribution } = transcript.steps[3] as Extract<Step, { kind: 'beacon' }>
      await forge(({ steps }) => (steps[3] = { ...asContribution, kind: 'contribution' }), /kind of contribution 3/)
      const beacon = beaconOf(transcript.steps)
      await forge(({ steps }) => steps.splice(2, 2, { ...(steps[2] as AddedStep), kind: 'beacon', beacon }), /kind of contribution 2/)
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

    it('has a transcript that is read to the last field, and by everybody', async () => {
      const file = path('ceremony/transcript.json')
      const text = readFileSync(file, 'utf8')
      const refuse = async (what: RegExp, change: (forged: LooseTranscript) => void) => {
        const forged = JSON.parse(text) as LooseTranscript
        change(forged)
        writeFileSync(file, JSON.stringify(forged))
        assert.throws(() => readTranscript(path('ceremony')), what)
        await assert.rejects(verifyCeremony(files()), what)
        writeFileSync(file, text)
      }
      await refuse(/steps.1.hash/, ({ steps }) => (steps[1]!.hash = ''))
      await refuse(/steps.1.hash/, ({ steps }) => (steps[1]!.hash = String(steps[1]!.hash).slice(-1)))
      await refuse(/steps.1.hash/, ({ steps }) => (steps[1]!.hash = String(steps[1]!.hash).toUpperCase()))
      await refuse(/steps.1.kind/, ({ steps }) => (steps[1]!.kind = 'init'))
      await refuse(/steps.3: Unrecognized key: "beacon"/, ({ steps }) => (steps[3]!.kind = 'contribution'))
      await refuse(/steps.1.beacon/, ({ steps }) => (steps[1]!.kind = 'beacon'))
      await refuse(/steps.0.kind/, ({ steps }) => steps.shift())
      await refuse(/steps.1.file/, ({ steps }) => steps.splice(1, 1))
      await refuse(/steps.1.file/, ({ steps }) => steps.splice(1, 2, steps[2]!, steps[1]!))
      await refuse(/steps.2: expected nothing after a beacon/, ({ steps }) => {
        const [second, last] = [steps[2]!, steps[3]!]
        steps.splice(2, 2, { ...last, file: second.file }, { ...second, file: last.file })
      })
      await refuse(/steps/, (forged) => (forged.steps = []))
      await refuse(/steps.1.file/, ({ steps }) => (steps[1]!.file = `../ceremony/${steps[1]!.file}`))
      await refuse(/steps.2: Unrecognized key: "note"/, ({ steps }) => (steps[2]!.note = 'trust me'))
      await refuse(/Unrecognized key: "note"/, (forged) => (forged.note = 'trust me'))
      await refuse(/ptauBlake2b/, (forged) => (forged.ptauBlake2b = ''))
      for (const name of ['', 'a\nb', 'x'.repeat(65), '\ud800']) {
        await refuse(/steps.1.name/, ({ steps }) => (steps[1]!.name = name))
        await assert.rejects(contribute(path('ceremony'), name), /a name of 1 … 64 characters/)
      }
      await verifyCeremony(files())
    })

    it('takes a name as long as a key holds, and one that looks like what snarkjs says', async () => {
      const held = { ...files(), folder: path('names') }
      await initCeremony(held)
      const names = ['contribution #1 x: 00', '彩'.repeat(64)]
      for (const name of names) await contribute(held.folder, name)
      const { steps } = await verifyCeremony(held)
      assert.deepEqual(
        steps.slice(1).map(({ name }) => name),
        names,
      )
    })
  })
})

/** As a forger writes it. */
type LooseTranscript = Record<string, unknown> & { steps: Record<string, unknown>[] }

function beaconOf(steps: readonly Step[]): { hex: string; iterationsExp: number } {
  const last = steps.at(-1)!
  return last.kind === 'beacon' ? last.beacon : assert.fail('expected a ceremony that a beacon has ended')
}

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
