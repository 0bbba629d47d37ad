import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { readJobFile } from '../../src/cli/job-file.ts'
import type { InvalidJobInfoError } from '../../src/job/errors.ts'
import { CLI, cleanEnv, ended } from './run.ts'

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

  it('that names a pipe or a device is refused at once', { skip: process.platform === 'win32' && 'no pipes' }, async () => {
    execFileSync('mkfifo', [join(folder, 'pipe')])
    await symlink('/dev/zero', join(folder, 'zero.wgsl'))
    await writeFile(join(folder, 'pipes.json'), JSON.stringify({ ...good, code: 'zero.wgsl', data: { file: 'pipe' } }))
    // In a process of its own: what waits for a pipe's writer holds its process past every signal but this one.
    const child = spawn(process.execPath, [CLI, 'place', join(folder, 'pipes.json'), '--dry-run', '--json'], { env: cleanEnv })
    const timer = setTimeout(() => child.kill('SIGKILL'), 60_000)
    const { code, stderr } = await ended(child)
    clearTimeout(timer)
    assert.equal(code, 2)
    for (const name of ['pipe', 'zero.wgsl']) assert.ok(stderr.includes(`${join(folder, name)}, found a pipe or a device`), stderr)
  })

  it('is told how large a file may be', async () => {
    await writeFile(join(folder, 'large.wgsl'), 'x'.repeat(65 * 1024))
    await writeFile(join(folder, 'large.bin'), '')
    await truncate(join(folder, 'large.bin'), 3 * 2 ** 30)
    await assert.rejects(read({ ...good, code: 'large.wgsl' }), {
      name: 'FileUnreadableError',
      message: /of at most 64 KiB at .*, found 65 KiB/,
    })
    await assert.rejects(read({ ...good, data: { file: 'large.bin' } }), {
      name: 'FileUnreadableError',
      message: /the data of the Job of at most 2 GiB at .*large.bin, found 3 GiB/,
      hint: /ipfs:/,
    })
  })

  it('is told of data that is empty by the field that it has', async () => {
    assert.deepEqual(
      (await pathsOf({ ...good, data: { file: 'empty.bin' } })).filter((path) => path.startsWith('data')),
      ['data'],
    )
  })
})
