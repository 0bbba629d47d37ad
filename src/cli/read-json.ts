import { readFile } from 'node:fs/promises'
import { FileUnreadableError, JsonSyntaxError } from './errors.ts'
import { findJsonFault } from './json-position.ts'

/** Far above any Job or configuration that a person writes; data belongs into files of its own. */
const MAX_JSON_BYTES = 16 * 1024 * 1024

/** The JSON in a file, `what` it should be for the messages. Throws FileUnreadableError, JsonSyntaxError. */
export async function readJson(what: string, path: string): Promise<unknown> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new FileUnreadableError(what, path, error)
  })
  if (text.length > MAX_JSON_BYTES)
    throw new FileUnreadableError(`${what} of at most ${MAX_JSON_BYTES} bytes`, path, `${text.length} bytes`)
  const json = text.replace(/^\uFEFF/, '')
  try {
    return JSON.parse(json)
  } catch (error) {
    const fault = findJsonFault(json) ?? { line: 1, column: 1, expected: 'JSON', found: (error as Error).message }
    throw new JsonSyntaxError(path, fault, error)
  }
}
