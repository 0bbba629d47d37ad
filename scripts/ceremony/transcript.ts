import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { takeLock } from '../lock-file.ts'

/** One step of a ceremony; its key lies beside the transcript in a file of its own. */
export interface Step {
  kind: 'init' | 'contribution' | 'beacon'
  /** Who contributed, or what the beacon is. */
  name: string
  file: string
  /** SHA-256 of that file. */
  sha256: string
  /** BLAKE2b-512 that the contributor publishes; of the initial key the hash of the circuit. */
  hash: string
  /** The announced value, for a beacon: hexadecimal digits, and 2^n iterations. */
  beacon?: { hex: string; iterationsExp: number }
}

/** What a ceremony leaves for everybody to check. */
export interface Transcript {
  circuit: string
  r1csSha256: string
  ptauBlake2b: string
  steps: Step[]
}

const FILE = 'transcript.json'
const LOCK = 'ceremony.lock'

/** Throws where `folder` has a ceremony already: what others contributed to it cannot be made again. */
export function expectNone(folder: string): void {
  if (!existsSync(join(folder, FILE))) return
  const { circuit, steps } = readTranscript(folder)
  throw new Error(
    `expected no ceremony in ${folder}, found one of ${circuit} with ${steps.length - 1} steps: continue it with contribute or beacon, or begin in another folder`,
  )
}

/** The transcript in `folder`. Throws where there is none. */
export function readTranscript(folder: string): Transcript {
  const path = join(folder, FILE)
  if (!existsSync(path)) throw new Error(`expected a ceremony in ${folder}, found no ${FILE}: begin with init`)
  return JSON.parse(readFileSync(path, 'utf8')) as Transcript
}

/** It appears whole: whoever reads meanwhile, or after a crash, has the one before it or this one. */
export function writeTranscript(folder: string, transcript: Transcript): void {
  const path = join(folder, FILE)
  const scratch = `${path}.${process.pid}`
  writeFileSync(scratch, `${JSON.stringify(transcript, null, 2)}\n`, { flush: true })
  renameSync(scratch, path)
}

/**
 * Runs `step` while nobody else adds one to the ceremony in `folder`: of two that begin from the same key one would be lost. Throws where somebody
 * does. A lock of a process that died is left to a person, who can see whether another machine has the folder too.
 */
export async function alone<T>(folder: string, step: () => Promise<T>): Promise<T> {
  const lock = join(folder, LOCK)
  if (!takeLock(lock)) {
    const pid = readFileSync(lock, 'utf8') || 'unknown'
    throw new Error(
      `expected nobody else at the ceremony in ${folder}, found process ${pid}: wait for it, or delete ${lock} where it is gone`,
    )
  }
  try {
    return await step()
  } finally {
    rmSync(lock, { force: true })
  }
}

export function lastStep({ steps }: Transcript): Step {
  const last = steps.at(-1)
  if (last === undefined) throw new Error('expected a ceremony with at least its initial key, found none')
  return last
}
