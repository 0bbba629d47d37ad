import { JsonSyntaxError } from './errors.ts'
import { findJsonFault } from './json-position.ts'
import { readNamedFile } from './read-file.ts'

/** Far above any Job or configuration that a person writes; data belongs into files of its own. */
const MAX_JSON_BYTES = 16 * 1024 * 1024

/** The JSON in a file, `what` it should be for the messages. Throws FileUnreadableError, JsonSyntaxError. */
export async function readJson(what: string, path: string): Promise<unknown> {
  const bytes = await readNamedFile(path, { what, maxBytes: MAX_JSON_BYTES, hint: 'put data into files of their own' })
  const json = bytes.toString('utf8').replace(/^\uFEFF/, '')
  try {
    return JSON.parse(json)
  } catch (error) {
    const fault = findJsonFault(json) ?? { line: 1, column: 1, expected: 'JSON', found: (error as Error).message }
    throw new JsonSyntaxError(path, fault, error)
  }
}
