import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { takeLock } from '../lock-file.ts'

export const INITIAL_KEY = 'initial key'

const sha256 = z.string().regex(/^[0-9a-f]{64}$/)
const blake2b512 = z.string().regex(/^[0-9a-f]{128}$/)

/** What a key can hold of a contributor's name: snarkjs cuts off what is longer. */
const MAX_NAME_CHARS = 64
/** A name that is the same in a key, in a transcript and on a screen. */
const name = z
  .string()
  .min(1)
  .max(MAX_NAME_CHARS)
  .refine((text) => text.isWellFormed() && !/\p{C}/u.test(text), 'expected no control characters')

/** snarkjs refuses fewer than 2^10 iterations and more than 2^63. */
const beacon = z.strictObject({ hex: z.string().regex(/^([0-9a-f]{2}){16,255}$/), iterationsExp: z.int().min(10).max(63) })

/** One step of a ceremony; its key lies beside the transcript in a file of its own. */
const file = z.string()
/** `hash` is the circuit's. */
const initStep = z.strictObject({ kind: z.literal('init'), name: z.literal(INITIAL_KEY), file, sha256, hash: blake2b512 })
/** `name` is who contributed, `hash` the BLAKE2b-512 that the contributor publishes. */
const contributionStep = z.strictObject({ kind: z.literal('contribution'), name, file, sha256, hash: blake2b512 })
/** `name` says what the beacon is, `beacon` is the announced value: hexadecimal digits, and 2^n iterations. */
const beaconStep = z.strictObject({ kind: z.literal('beacon'), name, beacon, file, sha256, hash: blake2b512 })

const transcriptSchema = z
  .strictObject({
    circuit: z.string().regex(/^[\w-]{1,40}$/),
    r1csSha256: sha256,
    ptauBlake2b: blake2b512,
    /** The initial key, then contributions; after a beacon there is nothing. */
    steps: z.tuple([initStep], z.discriminatedUnion('kind', [contributionStep, beaconStep])),
  })
  .superRefine(({ circuit, steps }, { addIssue }) => {
    for (const [index, step] of steps.entries()) {
      const path = ['steps', index]
      if (step.file !== fileOf(circuit, index))
        addIssue({ code: 'custom', path: [...path, 'file'], message: `expected ${fileOf(circuit, index)}` })
      if (step.kind === 'beacon' && index < steps.length - 1) addIssue({ code: 'custom', path, message: 'expected nothing after a beacon' })
    }
  })

/** What a ceremony leaves for everybody to check. */
export type Transcript = z.infer<typeof transcriptSchema>
/** Each made from the one before; all but the initial key are a contribution or the beacon. */
export type AddedStep = z.infer<typeof contributionStep> | z.infer<typeof beaconStep>
export type Step = Transcript['steps'][number]

/** The name of a key's file. */
export const fileOf = (circuit: string, step: number) => `${circuit}-${String(step).padStart(4, '0')}.zkey`

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

/** The transcript in `folder`. Throws where there is none, or where it is not one to the last field. */
export function readTranscript(folder: string): Transcript {
  const path = join(folder, FILE)
  if (!existsSync(path)) throw new Error(`expected a ceremony in ${folder}, found no ${FILE}: begin with init`)
  const parsed = transcriptSchema.safeParse(JSON.parse(readFileSync(path, 'utf8')))
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new Error(`expected a ceremony's transcript in ${path}, found ${issue!.path.join('.')}: ${issue!.message}`)
}

/** Throws where a key could not hold `text` as a name. */
export function expectName(text: string): void {
  if (!name.safeParse(text).success) throw new Error(`expected a name of 1 … ${MAX_NAME_CHARS} characters without control characters`)
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
  return steps.at(-1)!
}
