import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { EXIT } from '../../../src/errors.ts'
import type { JobDraft } from '../../../src/job/draft.ts'
import type { TestNetwork } from './fault-network.ts'
import { jobFileOf } from './jobs.ts'

/** Places the draft by the command line, without the trial at home. Gives the Job's id. */
export async function place(network: TestNetwork, draft: JobDraft): Promise<string> {
  const path = join(network.directory, `${draft.name}.json`)
  await writeFile(`${path}.wgsl`, draft.code)
  if (draft.data) await writeFile(`${path}.data`, draft.data)
  await writeFile(path, jobFileOf(draft, `${path}.wgsl`, draft.data ? `${path}.data` : undefined))
  const { code, stdout, stderr } = await network.cli('place', path, '--no-check', '--json')
  assert.equal(code, EXIT.ok, stderr)
  return (JSON.parse(stdout) as { jobId: string }).jobId
}
