import { cpSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { curves, powersOfTau } from 'snarkjs'
import { applyBeacon, contribute, exportCeremony, initCeremony } from '../../scripts/ceremony/ceremony.ts'
import { fileOf, readTranscript, type Transcript, writeTranscript } from '../../scripts/ceremony/transcript.ts'
import { type Compiled, compileCircuit } from '../../scripts/circuits/compile.ts'
import { withCurve } from '../../scripts/keys/curve.ts'
import { hashOfFile } from '../../scripts/keys/export.ts'

const POWER = 5
export const BEACON = '0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20'
/** 7 constraints and one public signal: as small as a setup gets. */
const source = 'pragma circom 2.2.0;\ninclude "templates/prefix-mask.circom";\ncomponent main { public [n] } = PrefixMask(3);\n'

export function compileTiny(): Promise<Compiled> {
  return compileCircuit({ name: 'test-tiny', source, optimization: 1 })
}

/** Powers of tau of our own in `folder`, with their BLAKE2b-512. */
export async function writeTinyPtau(folder: string): Promise<{ ptau: string; allowedPtau: string[] }> {
  const ptau = join(folder, 'tiny.ptau')
  await withCurve(async () => {
    const curve = await curves.getCurveFromName('bn128')
    await powersOfTau.newAccumulator(curve, POWER, join(folder, '0.ptau'))
    await powersOfTau.contribute(join(folder, '0.ptau'), join(folder, '1.ptau'), 'test', 'test')
    await powersOfTau.preparePhase2(join(folder, '1.ptau'), ptau)
  })
  return { ptau, allowedPtau: [await hashOfFile(ptau, 'blake2b512')] }
}

/** One ceremony over the tiny circuit, exported under each of `names` into a folder of that name below `folder`. */
export function exportTinyCeremonies(folder: string, names: readonly string[]): Promise<Compiled> {
  return withCurve(() => exportCeremonies(folder, names))
}

async function exportCeremonies(folder: string, names: readonly string[]): Promise<Compiled> {
  const tiny = await compileTiny()
  const files = { ...tiny, ...(await writeTinyPtau(folder)) }
  const held = join(folder, 'held')
  await initCeremony({ ...files, folder: held, circuit: 'tiny' })
  await contribute(held, 'somebody')
  await applyBeacon(held, 'block 1', BEACON)
  for (const name of names) {
    const copy = join(folder, `held-${name}`)
    cpSync(held, copy, { recursive: true })
    rename(copy, name)
    await exportCeremony({ ...files, folder: copy }, join(folder, name))
  }
  return tiny
}

/** Makes the tiny circuit's ceremony in `folder` one of a circuit of another name. */
function rename(folder: string, circuit: string): void {
  const transcript = readTranscript(folder)
  for (const [step, { file }] of transcript.steps.entries()) renameSync(join(folder, file), join(folder, fileOf(circuit, step)))
  const [initial, ...made] = transcript.steps
  const steps: Transcript['steps'] = [
    { ...initial, file: fileOf(circuit, 0) },
    ...made.map((step, index) => ({ ...step, file: fileOf(circuit, index + 1) })),
  ]
  writeTranscript(folder, { ...transcript, circuit, steps })
}
