import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

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

/** The transcript in `folder`. Throws where there is none. */
export function readTranscript(folder: string): Transcript {
  const path = join(folder, FILE)
  if (!existsSync(path)) throw new Error(`expected a ceremony in ${folder}, found no ${FILE}: begin with init`)
  return JSON.parse(readFileSync(path, 'utf8')) as Transcript
}

export function writeTranscript(folder: string, transcript: Transcript): void {
  writeFileSync(join(folder, FILE), `${JSON.stringify(transcript, null, 2)}\n`)
}

export function lastStep({ steps }: Transcript): Step {
  const last = steps.at(-1)
  if (last === undefined) throw new Error('expected a ceremony with at least its initial key, found none')
  return last
}
