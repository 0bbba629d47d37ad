import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { isDamage } from '../../src/level-node.ts'
import { openDataDirectory } from '../../src/storage/data-directory-node.ts'
import { writeError } from '../../src/storage/errors.ts'
import { temporaryDirectory } from './peers.ts'

const LOCKER = fileURLToPath(new URL('children/locker.ts', import.meta.url))

describe('the data directory', () => {
  it('is made for its owner alone, and made so where it stands open', async (t) => {
    const parent = await temporaryDirectory(t)
    const open = join(parent, 'open')
    await mkdir(open)
    await chmod(open, 0o755)
    for (const path of [join(parent, 'a', 'b'), open]) {
      const directory = await openDataDirectory(path)
      assert.equal((await stat(path)).mode & 0o777, 0o700)
      assert.equal(directory.sub('blocks'), join(path, 'blocks'))
      assert.ok((await directory.freeBytes()) > 0)
      await directory.close()
      await directory.close()
      await (await openDataDirectory(path)).close()
    }
  })

  it('refuses a second process, naming the first, and is free at once after kill -9', async (t) => {
    const path = await temporaryDirectory(t)
    const first = spawn(process.execPath, [LOCKER, path], { stdio: ['ignore', 'pipe', 'inherit'] })
    t.after(() => first.kill('SIGKILL'))
    await once(first.stdout, 'data')
    await assert.rejects(openDataDirectory(path), { name: 'DataDirectoryInUseError', path, pid: first.pid })
    first.kill('SIGKILL')
    await once(first, 'exit')
    const directory = await openDataDirectory(path)
    await assert.rejects(openDataDirectory(path), { name: 'DataDirectoryInUseError', pid: process.pid })
    await directory.close()
  })

  it('tells what is wrong with a directory that it cannot use', async (t) => {
    const parent = await temporaryDirectory(t)
    const file = join(parent, 'file')
    await writeFile(file, '')
    await assert.rejects(openDataDirectory(file), { name: 'DataDirectoryUnusableError', fault: 'not-a-directory' })
    await assert.rejects(openDataDirectory(join(file, 'below')), { name: 'DataDirectoryUnusableError', fault: 'not-a-directory' })
    await assert.rejects(openDataDirectory(join(parent, 'full'), { minFreeBytes: Number.MAX_SAFE_INTEGER }), { name: 'DiskFullError' })
  })

  it('tells a user without rights so', { skip: process.getuid?.() === 0 ? 'root may write everywhere' : false }, async (t) => {
    const parent = await temporaryDirectory(t)
    await chmod(parent, 0o500)
    await assert.rejects(openDataDirectory(join(parent, 'below')), { name: 'DataDirectoryUnusableError', fault: 'not-writable' })
  })

  it('refuses what is damaged or newer, and unlocks it again', async (t) => {
    for (const [text, fault] of [
      ['{"version":', 'corrupt'],
      ['{"version":"1"}', 'corrupt'],
      ['{"version":2}', 'newer-version'],
    ] as const) {
      const path = await temporaryDirectory(t)
      await writeFile(join(path, 'minga.json'), text)
      for (let twice = 0; twice < 2; twice++) {
        await assert.rejects(openDataDirectory(path), { name: 'DataDirectoryUnusableError', fault, path: join(path, 'minga.json') })
      }
    }
    const path = await temporaryDirectory(t)
    await (await openDataDirectory(path)).close()
    await writeFile(join(path, 'lock', 'CURRENT'), 'nonsense')
    await assert.rejects(openDataDirectory(path), { name: 'DataDirectoryUnusableError', fault: 'corrupt' })
  })

  it('says of a newer version what it is', async (t) => {
    const path = await temporaryDirectory(t)
    await writeFile(join(path, 'minga.json'), '{"version":2}')
    await assert.rejects(openDataDirectory(path), { message: /minga\.json was written by a newer version$/ })
  })

  it('tells of a disk without room before it tries anything on it', async (t) => {
    const path = await temporaryDirectory(t)
    await (await openDataDirectory(path)).close()
    await writeFile(join(path, 'lock', 'CURRENT'), 'nonsense')
    await assert.rejects(openDataDirectory(path, { minFreeBytes: Number.MAX_SAFE_INTEGER }), { name: 'DiskFullError', path })
  })

  it('tells no room from damage, also where LevelDB has but words for it', () => {
    const cause = Object.assign(new Error('IO error: /d/lock/MANIFEST-000004: No space left on device'), { code: 'LEVEL_IO_ERROR' })
    const error = new Error('Database failed to open', { cause })
    assert.equal(isDamage(error), false)
    assert.equal(writeError('open', '/d', error).name, 'DiskFullError')
    const words = new Error('Database failed to open', { cause: new Error('IO error: strange') })
    assert.match(writeError('open', '/d', words).message, /Could not open \/d: IO error: strange/)
  })
})
