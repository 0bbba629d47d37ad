import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { readJobFile } from '../../src/cli/job-file.ts'
import type { InvalidJobInfoError } from '../../src/job/errors.ts'

describe('a job file', () => {
  let folder: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'minga-job-file-'))
    await writeFile(join(folder, 'here.wgsl'), 'fn main() {}')
    await writeFile(join(folder, 'empty.bin'), '')
  })
  after(() => rm(folder, { recursive: true }))

  const good = { name: 'good', code: 'here.wgsl', slicing: { width: 8, height: 8 } }
  const read = async (job: object) => {
    const path = join(folder, 'job.json')
    await writeFile(path, JSON.stringify(job))
    return readJobFile(path)
  }
  const pathsOf = async (job: object) =>
    read(job).then(
      () => [],
      (error: InvalidJobInfoError) => error.problems.map(({ path }) => path),
    )

  it('is told all its problems at once: of its fields, of its files, of its time', async () => {
    assert.equal((await read(good)).name, 'good')
    const bad = { ...good, name: '', code: 'gone.wgsl', data: { file: 'gone.bin' }, deadline: 1_700_000_000 }
    assert.deepEqual((await pathsOf(bad)).sort(), ['code', 'data', 'deadline', 'name'])
    assert.deepEqual(
      (await pathsOf({ ...good, code: 'gone.wgsl', program: { workgroupSize: 64, invocations: 1 }, limits: { memoryBytes: 1 } })).sort(),
      ['code', 'limits.memoryBytes'],
    )
    assert.deepEqual(await pathsOf({ ...good, deadline: 1_700_000_000 }), ['deadline'])
  })

  it('that names one file too many has one problem, with the path that was looked at', async () => {
    await assert.rejects(read({ ...good, code: 'gone.wgsl' }), { name: 'FileUnreadableError', path: join(folder, 'gone.wgsl') })
  })

  it('is told of code that is not UTF-8', async () => {
    await writeFile(join(folder, 'utf16.wgsl'), Buffer.from('\ufefffn main() {}', 'utf16le'))
    await assert.rejects(read({ ...good, code: 'utf16.wgsl' }), { name: 'InvalidJobInfoError', message: /code: expected UTF-8/ })
  })

  it('is told of data that is empty by the field that it has', async () => {
    assert.deepEqual(
      (await pathsOf({ ...good, data: { file: 'empty.bin' } })).filter((path) => path.startsWith('data')),
      ['data'],
    )
  })
})
