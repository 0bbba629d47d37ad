import assert from 'node:assert/strict'
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { openKeyValueStore } from '../../src/storage/key-values-node.ts'
import { openVault } from '../../src/storage/vault-node.ts'
import { recordingLogger } from '../replica/support.ts'
import { temporaryDirectory } from './peers.ts'

const BYTES = new TextEncoder().encode('an opening')

async function filled(t: TestContext): Promise<string> {
  const path = join(await temporaryDirectory(t), 'vault')
  const vault = await openVault(path, recordingLogger())
  await vault.put('job', 'key', BYTES)
  await vault.close()
  return path
}

const manifestIn = async (path: string) => join(path, (await readdir(path)).find((name) => name.startsWith('MANIFEST'))!)

describe('a key-value store on disk', () => {
  for (const [name, damage] of Object.entries({
    'a lost MANIFEST': async (path: string) => rm(await manifestIn(path)),
    'a MANIFEST of noise': async (path: string) => writeFile(await manifestIn(path), crypto.getRandomValues(new Uint8Array(500))),
    'a line of garbage in CURRENT': async (path: string) => writeFile(join(path, 'CURRENT'), 'garbage\n'),
    'a CURRENT cut off': async (path: string) => writeFile(join(path, 'CURRENT'), 'MANI'),
    'no CURRENT': async (path: string) => rm(join(path, 'CURRENT')),
  })) {
    it(`is repaired with ${name}, keeps what was in it, and is told by its name`, async (t) => {
      const path = await filled(t)
      await damage(path)
      const logger = recordingLogger()
      const vault = await openVault(path, logger)
      assert.deepEqual(await vault.get('job', 'key'), BYTES)
      await vault.close()
      assert.deepEqual(
        logger.lines.map(({ message }) => message),
        ['vault is damaged, repairing it'],
      )
    })
  }

  it('that cannot be repaired is set aside, and an empty one takes its place', async (t) => {
    const path = await filled(t)
    await rm(await manifestIn(path))
    // Where a repair writes the new MANIFEST first.
    await mkdir(join(path, '000001.dbtmp'))
    const logger = recordingLogger()
    const vault = await openVault(path, logger)
    assert.equal(await vault.get('job', 'key'), undefined)
    await vault.put('job', 'key', BYTES)
    await vault.close()
    assert.match(logger.lines.at(-1)!.message, /^vault cannot be repaired, setting it aside; what was committed/)
    assert.equal((await readdir(dirname(path))).filter((name) => name.startsWith('vault.damaged-')).length, 1)
  })

  it('is refused to a second process, and where its place is taken', async (t) => {
    const path = await filled(t)
    const init = { path, name: 'pin store', ifLost: 'nothing', logger: recordingLogger() }
    const store = await openKeyValueStore(init)
    t.after(() => store.close())
    await assert.rejects(openKeyValueStore(init), { name: 'DataDirectoryInUseError', path })
    const file = join(path, 'file')
    await writeFile(file, '')
    await assert.rejects(openKeyValueStore({ ...init, path: file }), { name: 'StoreFailedError', path: file, exitCode: 2 })
  })
})
