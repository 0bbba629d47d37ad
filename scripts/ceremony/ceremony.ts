import { randomBytes } from 'node:crypto'
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { zKey } from 'snarkjs'
import { makeDirectory } from '../../src/directories-node.ts'
import { withCurve } from '../keys/curve.ts'
import { hashOfFile, type KeyFiles, type Pinned, pinnedOf, verifierSource } from '../keys/export.ts'
import { keyFacts } from './key-facts.ts'
import { checkPtau } from './ptau.ts'
import {
  type AddedStep,
  alone,
  expectName,
  expectNone,
  fileOf,
  INITIAL_KEY,
  lastStep,
  readTranscript,
  type Transcript,
  writeTranscript,
} from './transcript.ts'

/*
 * The second phase of Groth16's setup for one circuit. It is secure where one contributor was honest and forgot its randomness, or nobody could know
 * the beacon before the last contribution. All that it needs are files named by path; nothing is fetched.
 */

/** snarkjs refuses fewer than 2^10 iterations; more make the beacon's draw slower for everybody alike. */
export const DEFAULT_ITERATIONS_EXP = 10

export interface CeremonyInit {
  folder: string
  circuit: string
  r1cs: string
  ptau: string
  /** BLAKE2b-512 that the ptau file may have. @default the public files of the perpetual ceremony */
  allowedPtau?: readonly string[]
}

/** Begins a ceremony in `folder`, which is made and must not hold one: the initial key follows from circuit and powers of tau alone. */
export async function initCeremony(init: CeremonyInit): Promise<Transcript> {
  await makeDirectory(init.folder)
  return alone(init.folder, () => beginIn(init))
}

async function beginIn({ folder, circuit, r1cs, ptau, allowedPtau }: CeremonyInit): Promise<Transcript> {
  expectNone(folder)
  const ptauBlake2b = await checkPtau(ptau, allowedPtau)
  const file = fileOf(circuit, 0)
  const hash = await withCurve(() => zKey.newZKey(readFileSync(r1cs), readFileSync(ptau), join(folder, file)))
  if (hash === -1) throw new Error(`expected powers of tau for the size of ${circuit}, found too few in ${ptau}`)
  const sha256 = await hashOfFile(join(folder, file))
  const transcript: Transcript = {
    circuit,
    r1csSha256: await hashOfFile(r1cs),
    ptauBlake2b,
    steps: [{ kind: 'init', name: INITIAL_KEY, file, sha256, hash: hex(hash) }],
  }
  writeTranscript(folder, transcript)
  return transcript
}

/** Adds a contribution whose secret is drawn here and forgotten; `entropy` is mixed in. */
export function contribute(folder: string, name: string, entropy = ''): Promise<AddedStep> {
  const secret = `${randomBytes(64).toString('hex')}${entropy}`
  return addStep(folder, { kind: 'contribution', name }, (from, to) => zKey.contribute(from, to, name, secret))
}

/** Ends the ceremony with a value that was announced before the last contribution and known to nobody then, such as a later block's hash. */
export function applyBeacon(folder: string, name: string, beaconHex: string, iterationsExp = DEFAULT_ITERATIONS_EXP): Promise<AddedStep> {
  if (!/^([0-9a-f]{2}){16,255}$/.test(beaconHex)) throw new Error('expected a beacon of at least 16 bytes in lower-case hexadecimal digits')
  const beacon = { hex: beaconHex, iterationsExp }
  return addStep(folder, { kind: 'beacon', name, beacon }, (from, to) => zKey.beacon(from, to, name, beaconHex, iterationsExp))
}

type NewStep = { kind: 'contribution'; name: string } | Pick<Extract<AddedStep, { kind: 'beacon' }>, 'kind' | 'name' | 'beacon'>
type MakeKey = (from: string, to: string) => Promise<Uint8Array | false>

async function addStep(folder: string, step: NewStep, make: MakeKey): Promise<AddedStep> {
  // Without a folder there is no place for a lock either.
  readTranscript(folder)
  return alone(folder, () => addAlone(folder, step, make))
}

async function addAlone(folder: string, step: NewStep, make: MakeKey): Promise<AddedStep> {
  expectName(step.name)
  const transcript = readTranscript(folder)
  const last = lastStep(transcript)
  if (last.kind === 'beacon') throw new Error('expected a ceremony under way, found one that its beacon has ended')
  const from = join(folder, last.file)
  const found = await hashOfFile(from)
  if (found !== last.sha256) throw new Error(`expected ${from} to have SHA-256 ${last.sha256}, found ${found}`)
  const file = fileOf(transcript.circuit, transcript.steps.length)
  const hash = await withCurve(() => make(from, join(folder, file)))
  if (hash === false) throw new Error(`expected snarkjs to add the ${step.kind}, found that it refused`)
  const added: AddedStep = { ...step, file, sha256: await hashOfFile(join(folder, file)), hash: hex(hash) }
  writeTranscript(folder, { ...transcript, steps: [...transcript.steps, added] })
  return added
}

/**
 * Checks a whole ceremony: files against the transcript, the last key against circuit and powers of tau, and the circuit, each contribution and the beacon
 * that the key holds against those in the transcript: names, kinds and whole hashes. Throws where anything does not hold.
 */
export async function verifyCeremony(init: Omit<CeremonyInit, 'circuit'>): Promise<Transcript> {
  const { folder, r1cs, ptau, allowedPtau } = init
  const transcript = readTranscript(folder)
  expect('powers of tau', transcript.ptauBlake2b, await checkPtau(ptau, allowedPtau))
  expect('constraint system', transcript.r1csSha256, await hashOfFile(r1cs))
  for (const { file, sha256 } of transcript.steps) expect(file, sha256, await hashOfFile(join(folder, file)))
  const log: string[] = []
  // As bytes: snarkjs forgets to close some of the files that it opens by name.
  const logger = { debug: () => {}, warn: () => {}, error: (text: string) => log.push(text), info: (text: string) => log.push(text) }
  const last = join(folder, lastStep(transcript).file)
  const holds = await withCurve(() => zKey.verifyFromR1cs(readFileSync(r1cs), readFileSync(ptau), readFileSync(last), logger))
  if (!holds) throw new Error(`expected ${last} to follow from circuit, powers of tau and contributions, found: ${log.join('; ')}`)
  checkSteps(transcript, log)
  return transcript
}

/** Whose key this is, step by step: nothing in the transcript may differ from what the key holds. */
function checkSteps({ steps: [initial, ...made] }: Transcript, log: readonly string[]): void {
  const { circuitHash, contributions } = keyFacts(log)
  expect("circuit's hash", initial.hash, circuitHash)
  expect('number of contributions', String(made.length), String(contributions.length))
  for (const [i, step] of made.entries()) {
    const { name, hash, beacon } = contributions[i]!
    expect(`name of contribution ${i + 1}`, step.name, name)
    expect(`hash of contribution ${i + 1}`, step.hash, hash)
    expect(`kind of contribution ${i + 1}`, step.kind, beacon === undefined ? 'contribution' : 'beacon')
    if (step.kind !== 'beacon') continue
    expect('beacon', step.beacon.hex, beacon!.hex)
    expect("beacon's iterations", String(step.beacon.iterationsExp), String(beacon!.iterationsExp))
  }
}

/** Verifies the ceremony, then writes all that deploying and proving need to `out`: key, program, pinned facts, Solidity verifier, transcript. */
export async function exportCeremony(init: Omit<CeremonyInit, 'circuit'> & Pick<KeyFiles, 'wasm'>, out: string): Promise<void> {
  const transcript = await verifyCeremony(init)
  const last = lastStep(transcript)
  if (last.kind !== 'beacon') throw new Error('expected a ceremony that a beacon has ended, found one under way')
  await makeDirectory(out)
  const { circuit } = transcript
  const zkey = join(out, `${circuit}.zkey`)
  copyFileSync(join(init.folder, last.file), zkey)
  copyFileSync(init.wasm, join(out, `${circuit}.wasm`))
  const pinned = await pinnedOf({ r1cs: init.r1cs, wasm: init.wasm, zkey }, { name: circuit, insecure: false })
  writeFileSync(join(out, `${circuit}.json`), `${JSON.stringify(pinned, null, 2)}\n`)
  writeFileSync(join(out, `Verifier${circuit}.sol`), await ceremonyVerifier(zkey, transcript, pinned))
  writeTranscript(out, transcript)
}

/** The Solidity verifier of a ceremony's key, byte for byte as `export` writes it. */
export function ceremonyVerifier(zkey: string, { circuit, steps }: Transcript, { sha256 }: Pick<Pinned, 'sha256'>): Promise<string> {
  const remark = `Key of a ceremony with ${steps.length - 1} steps, SHA-256 of its verification key ${sha256.verificationKey}.`
  return verifierSource(zkey, circuit, remark)
}

function expect(what: string, expected: string, found: string): void {
  if (expected !== found) throw new Error(`expected the ${what} of the transcript, ${expected}, found ${found}`)
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
