import { isUtf8 } from 'node:buffer'
import { dirname, resolve } from 'node:path'
import { MAX_SOURCE_BYTES } from '../job/abi.ts'
import { pastProblems } from '../job/deadline.ts'
import type { JobDraft } from '../job/draft.ts'
import { InvalidJobInfoError, type Problem } from '../job/errors.ts'
import { loadJobFileParser } from './core.ts'
import { FileUnreadableError } from './errors.ts'
import type { JobFileData } from './ports.ts'
import { type FileLimit, readNamedFile } from './read-file.ts'
import { readJson } from './read-json.ts'

const CODE: FileLimit = { what: 'the code of the Job', maxBytes: MAX_SOURCE_BYTES, hint: 'what does not change belongs into its data' }
/** It is held in memory as a whole, beside what is made of it: more belongs to somebody who publishes it from disk. */
const DATA: FileLimit = {
  what: 'the data of the Job',
  maxBytes: 2 ** 31,
  hint: 'cut it into several Jobs, or name what is published already with {"uri": "ipfs://<cid>"}',
}

/** The Job in a job file, with the code and data that it names. Throws with all problems of the file at once, and never half-reads. */
export async function readJobFile(path: string, { unixMs = Date.now() } = {}): Promise<JobDraft> {
  const value = await readJson('a job file', path)
  const parse = await loadJobFileParser()
  const { result: file, problems } = problemsIn(() => parse(value))
  problems.push(...pastProblems(fieldOf(value, 'deadline'), unixMs))
  const base = dirname(path)
  const named = namedFiles(value)
  const code = await tryRead('code', CODE, base, named.code)
  const data = await tryRead('data', DATA, base, named.data)
  const unreadable = [code, data].filter((each) => each instanceof Unreadable)
  if (file !== undefined && !(data instanceof Unreadable)) {
    const loaded = data === undefined || file.data === null ? null : await decode(data, file.data.as)
    // Without its code the rest can be judged all the same.
    const text = code instanceof Unreadable || code === undefined ? '\n' : textOf(code)
    if (text === undefined) problems.push({ path: 'code', message: 'expected UTF-8, found bytes that are none; save the source as UTF-8' })
    const drafted = problemsIn(() => file.toDraft(text ?? '\n', loaded))
    problems.push(...drafted.problems)
    if (drafted.result !== undefined && problems.length + unreadable.length === 0) return drafted.result
  }
  const [only] = unreadable
  if (only !== undefined && problems.length + unreadable.length === 1) throw only.error
  throw new InvalidJobInfoError([...problems, ...unreadable.map(({ problem }) => problem)])
}

/** What `make` gives, or the problems that it throws. */
function problemsIn<T>(make: () => T): { result?: T; problems: Problem[] } {
  try {
    return { result: make(), problems: [] }
  } catch (error) {
    if (!(error instanceof InvalidJobInfoError)) throw error
    return { problems: [...error.problems] }
  }
}

const fieldOf = (value: unknown, name: string): unknown => (value as Record<string, unknown> | null | undefined)?.[name]

/** The files that a job file names, also where something else in it is wrong. */
function namedFiles(value: unknown): { code?: string; data?: string } {
  const code = fieldOf(value, 'code')
  const data = fieldOf(value, 'data')
  const file = fieldOf(data, 'picture') ?? fieldOf(data, 'file')
  return { ...(typeof code === 'string' && { code }), ...(typeof file === 'string' && { data: file }) }
}

/** A file that is named and cannot be read, as one problem of many and by itself. */
class Unreadable {
  readonly problem: Problem
  readonly error: FileUnreadableError

  constructor(path: string, error: FileUnreadableError) {
    this.problem = { path, message: error.message }
    this.error = error
  }
}

async function tryRead(field: string, limit: FileLimit, base: string, name: string | undefined): Promise<Buffer | Unreadable | undefined> {
  if (name === undefined) return undefined
  const path = resolve(base, name)
  return readNamedFile(path, limit).catch((error: unknown) => {
    if (error instanceof FileUnreadableError) return new Unreadable(field, error)
    throw error
  })
}

/** Undefined where it is not UTF-8. */
function textOf(bytes: Buffer): string | undefined {
  return isUtf8(bytes) ? bytes.toString('utf8') : undefined
}

async function decode(bytes: Buffer, as: 'bytes' | 'rgba'): Promise<JobFileData> {
  if (as === 'bytes') return { bytes }
  const { decodePicture } = await import('../pictures/decode.ts')
  const { rgba, ...picture } = decodePicture(bytes)
  return { bytes: rgba, picture }
}
