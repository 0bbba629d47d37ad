import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { buildFolder } from '../../scripts/circuits/build-folder.ts'
import { isHeld } from '../../scripts/lock-file.ts'

describe('a folder of build output', () => {
  const root = mkdtempSync(join(tmpdir(), 'minga-build-'))
  after(() => rmSync(root, { recursive: true, force: true }))

  it('is built once by all who want it, and not again', async () => {
    let builds = 0
    const build = async (scratch: string) => writeFileSync(join(scratch, 'output'), String(++builds))
    const folder = join(root, 'once')
    await Promise.all([1, 2, 3].map(() => buildFolder(folder, build)))
    await buildFolder(folder, build)
    assert.equal(readFileSync(join(folder, 'output'), 'utf8'), '1')
    assert.deepEqual(readdirSync(root), ['once'])
  })

  it('is not there where its build failed, and can be built then', async () => {
    const folder = join(root, 'failed')
    const fail = async (scratch: string) => {
      writeFileSync(join(scratch, 'half'), '')
      throw new Error('no more')
    }
    await assert.rejects(buildFolder(folder, fail), /no more/)
    assert.equal(existsSync(folder), false)
    await buildFolder(folder, async () => {})
    assert.deepEqual(readdirSync(folder), [])
  })

  it('is not kept back by a process that died while it built', async () => {
    const { pid } = spawnSync(process.execPath, ['--version'])
    const folder = join(root, 'left')
    writeFileSync(`${folder}.lock`, String(pid))
    await buildFolder(folder, async () => {})
    assert.ok(existsSync(folder))
  })

  it('is not kept back by a lock that its process died over before it wrote its number', { timeout: 20_000 }, async () => {
    const folder = join(root, 'empty')
    writeFileSync(`${folder}.lock`, '')
    const minuteAgo = Date.now() / 1000 - 60
    utimesSync(`${folder}.lock`, minuteAgo, minuteAgo)
    await buildFolder(folder, async () => {})
    assert.ok(existsSync(folder))
  })

  it('is left to whoever has just made the lock and has not written its number yet', async () => {
    const lock = join(root, 'fresh.lock')
    writeFileSync(lock, '')
    assert.equal(isHeld(lock), true)
    rmSync(lock)
  })
})
