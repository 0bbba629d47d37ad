import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, readlink, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { createBlocks } from '../../src/storage/blocks.ts'
import { exportFile, putFile } from '../../src/storage/files-node.ts'
import { writeFileAtomically } from '../../src/storage/write-file-node.ts'
import { MIB, sameBytes, temporaryDirectory } from './peers.ts'

describe('local files', () => {
  it('go in and come out the same, with progress', async (t) => {
    const directory = await temporaryDirectory(t)
    const blocks = await createBlocks({})
    for (const size of [0, 5, 40 * MIB + 3]) {
      const bytes = randomBytes(size)
      await writeFile(join(directory, 'in'), bytes)
      const seen: number[] = []
      const { cid, bytes: stored } = await putFile(blocks, join(directory, 'in'), {
        owner: 'job',
        onProgress: (done, total) => seen.push(done, total),
      })
      assert.equal(stored, size)
      assert.equal(cid, await blocks.put(bytes))
      if (size > 0) assert.deepEqual(seen.slice(-2), [size, size])
      assert.deepEqual(await exportFile(blocks, cid, join(directory, 'out'), { within: directory }), { bytes: size })
      assert.ok(sameBytes(await readFile(join(directory, 'out')), bytes))
    }
    await blocks.stop()
  })

  it('are refused where they are links, pipes, directories, absent or outside', async (t) => {
    const directory = await temporaryDirectory(t)
    const blocks = await createBlocks({})
    const inside = join(directory, 'inside')
    await mkdir(inside)
    await writeFile(join(directory, 'secret'), 'x')
    await symlink(join(directory, 'secret'), join(inside, 'link'))
    await symlink(directory, join(inside, 'up'))
    spawnSync('mkfifo', [join(inside, 'pipe')])
    const refusals = [
      ['link', undefined, 'symlink'],
      ['link', inside, 'outside'],
      ['up/secret', inside, 'outside'],
      ['../secret', inside, 'outside'],
      ['pipe', undefined, 'not-a-file'],
      ['.', undefined, 'not-a-file'],
      ['absent', undefined, 'not-found'],
    ] as const
    for (const [name, within, reason] of refusals) {
      await assert.rejects(putFile(blocks, `${inside}/${name}`, within ? { within } : {}), { name: 'PathRefusedError', reason }, name)
    }
    const cid = await blocks.put(randomBytes(10))
    for (const name of ['up/new', '../new']) {
      await assert.rejects(
        exportFile(blocks, cid, `${inside}/${name}`, { within: inside }),
        { name: 'PathRefusedError', reason: 'outside' },
        name,
      )
    }
    assert.deepEqual((await readdir(directory)).sort(), ['inside', 'secret'])
    await blocks.stop()
  })
})

describe('writeFileAtomically', () => {
  it('leaves the old file and nothing else where the source fails or the signal aborts', async (t) => {
    const directory = await temporaryDirectory(t)
    const path = join(directory, 'file')
    await writeFileAtomically(path, 'old')
    const abort = new AbortController()
    async function* failing() {
      yield randomBytes(MIB)
      throw new Error('source broke')
    }
    async function* aborting() {
      yield randomBytes(MIB)
      abort.abort(new Error('enough'))
      yield randomBytes(MIB)
    }
    await assert.rejects(writeFileAtomically(path, failing()), { message: 'source broke' })
    await assert.rejects(writeFileAtomically(path, aborting(), { signal: abort.signal }), { message: 'enough' })
    assert.equal(await readFile(path, 'utf8'), 'old')
    assert.deepEqual(await readdir(directory), ['file'])
    await writeFileAtomically(path, 'new')
    assert.equal(await readFile(path, 'utf8'), 'new')
  })

  it('replaces a symbolic link instead of following it', async (t) => {
    const directory = await temporaryDirectory(t)
    await writeFile(join(directory, 'target'), 'untouched')
    await symlink(join(directory, 'target'), join(directory, 'link'))
    await writeFileAtomically(join(directory, 'link'), 'new')
    assert.equal(await readFile(join(directory, 'target'), 'utf8'), 'untouched')
    await assert.rejects(readlink(join(directory, 'link')))
  })
})
