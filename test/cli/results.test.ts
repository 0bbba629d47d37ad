import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { writeResult } from '../../src/cli/commands/results.ts'
import { UnsafeFileNameError } from '../../src/cli/errors.ts'
import { decodePicture } from '../../src/pictures/decode.ts'
import { minga } from './run.ts'

describe('results on disk', () => {
  let folder: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'minga-results-'))
  })
  after(async () => rm(folder, { recursive: true }))

  it('are written whole under their name, pictures as PNG', async () => {
    const rgba = new Uint8Array(3 * 2 * 4).map((_, index) => (index % 4 === 3 ? 255 : index))
    await writeResult(folder, { name: 'earth.png', bytes: rgba, picture: { width: 3, height: 2 } })
    await writeResult(folder, { name: 'report.json', bytes: new TextEncoder().encode('{}') })
    assert.deepEqual((await readdir(folder)).sort(), ['earth.png', 'report.json'])
    assert.deepEqual(decodePicture(await readFile(join(folder, 'earth.png'))), { width: 3, height: 2, rgba })
  })

  it('end at once where no directory can be made', { skip: process.platform !== 'linux' && 'no /proc' }, async () => {
    const { code, stderr } = await minga(['results', '1'.repeat(62), '-o', '/proc/x/y'])
    assert.deepEqual([code, stderr.includes('expected to write results to /proc/x/y')], [2, true], stderr)
  })

  it('are told of a file that stands where their directory should', async () => {
    const file = join(folder, 'report.json')
    const { code, stderr } = await minga(['results', '1'.repeat(62), '-o', file])
    assert.deepEqual([code, stderr.includes(`expected to write results to ${file}, found a file`)], [2, true], stderr)
  })

  it('never leave the directory, whatever name a stranger gives them', async () => {
    for (const name of ['../x', 'a/b', '/etc/passwd', '..', '.hidden', '', 'a\0b', 'a\\b', `${'x'.repeat(200)}`, 'x\n']) {
      await assert.rejects(writeResult(folder, { name, bytes: new Uint8Array() }), UnsafeFileNameError, JSON.stringify(name))
    }
    assert.equal((await readdir(folder)).length, 2)
  })
})
