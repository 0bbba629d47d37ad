import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { type Artifacts, buildArtifacts } from '../../scripts/circuits/artifacts.ts'
import { readPinned } from '../../scripts/circuits/pin.ts'
import { FIELD_ORDER } from '../../src/job/field.ts'
import { circuitInput } from '../../src/job/settlement/circuit-input.ts'
import { publicSignalsOf } from '../../src/job/settlement/public-signals.ts'
import { settle } from '../../src/job/settlement/settle.ts'
import { SIZE_CLASSES } from '../../src/job/settlement/size-classes.ts'
import type { Proof, ProofStep, Prover } from '../../src/ports.ts'
import {
  ProverCrashedError,
  ProverTimeoutError,
  UnknownCircuitError,
  WitnessRefusedError,
  WrongArtifactError,
} from '../../src/proof/errors.ts'
import { type PinnedKey, parsePinnedKey } from '../../src/proof/pinned-key.ts'
import { createProver } from '../../src/proof/prover.ts'
import { sampleChunk } from '../job/settlement/sample-chunk.ts'

const shape = SIZE_CLASSES['4x4']
const chunk = sampleChunk(shape, { macroJobs: 3, microJobs: 4, uncounted: [1], firstMacro: 4, blocks: 13 })
const settlement = settle(shape, chunk)
const signals = publicSignalsOf(settlement, { chainId: 31337n, escrow: `0x${'e1'.repeat(20)}`, finisher: `0x${'f1'.repeat(20)}` })
const input = circuitInput(shape, chunk, settlement, signals)

/** False also where it has ended and nobody has asked how: not every container has an init that does. */
function runs(pid: string): boolean {
  try {
    return !/\) [ZX]/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

describe('the prover', () => {
  let artifacts: Artifacts
  let key: PinnedKey
  let prover: Prover
  let made: { proof: Proof; publicSignals: bigint[] }
  let folder: string
  const steps: ProofStep[] = []

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'minga-prover-'))
    artifacts = await buildArtifacts('4x4')
    key = parsePinnedKey(readPinned('4x4'))
    prover = createProver({}, { circuits: { '4x4': { ...artifacts, key } } })
    made = await prover.prove('4x4', input, { onProgress: (step) => steps.push(step) })
  })
  after(() => rm(folder, { recursive: true, force: true }))

  it('proves a chunk, and says where it is', () => {
    assert.deepEqual(made.publicSignals, [signals.c, signals.z, signals.y])
    assert.deepEqual(steps, ['artifacts', 'witness', 'polynomials', 'points', 'check'])
    assert.equal(prover.verify('4x4', made.proof, made.publicSignals), true)
  })

  it('says how long a proof took without the wait for the one before it', async () => {
    const startedMs = performance.now()
    const both = await Promise.all([prover.prove('4x4', input), prover.prove('4x4', input)])
    const wallMs = performance.now() - startedMs
    const [first, second] = both.map(({ tookMs }) => tookMs) as [number, number]
    assert.ok(first > 0 && second > 0)
    assert.ok(first + second <= wallMs + 2, `${first} ms and ${second} ms in ${wallMs} ms`)
  })

  it('refuses other public signals, in any place, and such beyond the order', () => {
    for (const place of [0, 1, 2]) {
      const other = made.publicSignals.with(place, (made.publicSignals[place]! + 1n) % FIELD_ORDER)
      assert.equal(prover.verify('4x4', made.proof, other), false)
      assert.equal(prover.verify('4x4', made.proof, made.publicSignals.with(place, made.publicSignals[place]! + FIELD_ORDER)), false)
    }
    assert.equal(prover.verify('4x4', made.proof, made.publicSignals.slice(1)), false)
  })

  it('refuses points that are not those of the proof, on the curve or off it', () => {
    const { a, b, c } = made.proof
    assert.equal(prover.verify('4x4', { a: c, b, c: a }, made.publicSignals), false)
    assert.equal(prover.verify('4x4', { a: [a[0], a[1] + 1n], b, c }, made.publicSignals), false)
    assert.equal(prover.verify('4x4', { a: [0n, 0n], b, c }, made.publicSignals), false)
    assert.equal(prover.verify('4x4', { a, b: [b[1], b[0]], c }, made.publicSignals), false)
  })

  it('takes the negated (−A, −B, C) as well: proof bytes are no key', () => {
    const q = 21888242871839275222246405745257275088696311157297823662689037894645226208583n
    const { a, b, c } = made.proof
    const negated: Proof = { a: [a[0], q - a[1]], b: [b[0], [q - b[1][0], q - b[1][1]]], c }
    assert.equal(prover.verify('4x4', negated, made.publicSignals), true)
  })

  it('says that inputs do not fulfil the statement', async () => {
    await assert.rejects(prover.prove('4x4', { ...input, seed: '1' }), WitnessRefusedError)
    await assert.rejects(prover.prove('4x4', { C: '1' }), WitnessRefusedError)
  })

  it('refuses a key and a program with another hash, and files that are not there', async () => {
    const other = join(folder, 'other')
    const bytes = readFileSync(artifacts.wasm)
    bytes[bytes.length - 1]! ^= 1
    writeFileSync(other, bytes)
    for (const files of [{ zkey: artifacts.wasm }, { wasm: other }, { zkey: join(folder, 'missing') }]) {
      const wrong = createProver({}, { circuits: { '4x4': { ...artifacts, key, ...files } } })
      await assert.rejects(wrong.prove('4x4', input), WrongArtifactError)
    }
  })

  it('ends its process when it is cancelled, at each step', async () => {
    for (const last of ['artifacts', 'witness', 'points'] as const) {
      const controller = new AbortController()
      const reason = new Error(`enough at ${last}`)
      const proving = prover.prove('4x4', input, {
        signal: controller.signal,
        onProgress: (step) => step === last && controller.abort(reason),
      })
      await assert.rejects(proving, reason)
    }
    await assert.rejects(prover.prove('4x4', input, { signal: AbortSignal.abort(new Error('before')) }), /before/)
  })

  it('does not return a proof that does not hold under the pinned key', async () => {
    const { verificationKey } = key
    const foreign = { ...key, verificationKey: { ...verificationKey, vk_alpha_1: verificationKey.IC[1]! } }
    const deceived = createProver({}, { circuits: { '4x4': { ...artifacts, key: foreign } } })
    await assert.rejects(deceived.prove('4x4', input), ProverCrashedError)
  })

  it('ends its process when the peer is killed', { skip: process.platform !== 'linux' }, async () => {
    writeFileSync(join(folder, 'input.json'), JSON.stringify(input))
    const entry = join(import.meta.dirname, 'children/proving-parent.ts')
    const parent = spawn(process.execPath, [entry, artifacts.wasm, artifacts.zkey, join(folder, 'input.json')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let said = ''
    while (!said.includes('polynomials')) said += String((await once(parent.stdout, 'data'))[0])
    const [child] = readFileSync(`/proc/${parent.pid}/task/${parent.pid}/children`, 'utf8').trim().split(' ')
    assert.ok(runs(child!))
    parent.kill('SIGKILL')
    // the parent's end closes the pipe between them; the kernel tells nobody else
    while (runs(child!)) await setTimeout(20)
  })

  it('kills a process that hangs, and lets the next have its turn', { skip: process.platform !== 'linux', timeout: 60_000 }, async () => {
    const hasty = createProver({}, { circuits: { '4x4': { ...artifacts, key } }, limitMs: 5000 })
    let stopped: string | undefined
    const hanging = hasty.prove('4x4', input, {
      onProgress: () => {
        if (stopped !== undefined) return
        stopped = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8').trim().split(' ').at(-1)!
        process.kill(Number(stopped), 'SIGSTOP')
      },
    })
    const controller = new AbortController()
    const turn = new Error('its turn came')
    const next = hasty.prove('4x4', input, { signal: controller.signal, onProgress: () => controller.abort(turn) })
    await Promise.all([assert.rejects(hanging, new ProverTimeoutError(5000)), assert.rejects(next, turn)])
    assert.ok(stopped !== undefined && !runs(stopped))
  })

  it('knows no other circuit', async () => {
    await assert.rejects(prover.prove('8x8', input), UnknownCircuitError)
    assert.throws(() => prover.verify('constructor', made.proof, made.publicSignals), UnknownCircuitError)
  })
})
