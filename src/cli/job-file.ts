import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { JobDraft } from '../job/draft.ts'
import { loadJobFileParser } from './core.ts'
import { FileUnreadableError } from './errors.ts'
import type { JobFileData } from './ports.ts'
import { readJson } from './read-json.ts'

/** The Job in a job file, with the code and data that it names. Throws with all problems of the file at once, and never half-reads. */
export async function readJobFile(path: string): Promise<JobDraft> {
  const value = await readJson('a job file', path)
  const file = (await loadJobFileParser())(value)
  const base = dirname(path)
  const code = await read('the code of the Job', resolve(base, file.codeFile))
  const data = file.data === null ? null : await loadData(resolve(base, file.data.file), file.data.as)
  return file.toDraft(code.toString('utf8'), data)
}

async function loadData(path: string, as: 'bytes' | 'rgba'): Promise<JobFileData> {
  const bytes = await read('the data of the Job', path)
  if (as === 'bytes') return { bytes }
  const { decodePicture } = await import('../pictures/decode.ts')
  const { rgba, ...picture } = decodePicture(bytes)
  return { bytes: rgba, picture }
}

async function read(what: string, path: string): Promise<Buffer> {
  return readFile(path).catch((error: unknown) => {
    throw new FileUnreadableError(what, path, error)
  })
}
