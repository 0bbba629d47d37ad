import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import fc from 'fast-check'
import { driverEnvironments } from '../../src/compute/driver-environment.ts'
import { softwareDriver } from '../../src/compute/software-driver.ts'
import { untar } from '../../src/compute/untar.ts'

const hasDriver = process.platform === 'linux' && process.arch === 'x64'

describe('the software driver', { skip: hasDriver ? false : 'is for Linux on x64' }, () => {
  let folder: string

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'minga-driver-'))
  })
  after(() => rm(folder, { recursive: true }))

  test('unpacked by several at once is there once, whole, with nothing beside it', async () => {
    const found = await Promise.all(Array.from({ length: 4 }, () => softwareDriver(folder)))
    assert.equal(new Set(found.map((driver) => driver!.directory)).size, 1)
    assert.equal((await readdir(folder)).length, 1)
    const manifest = JSON.parse(await readFile(found[0]!.manifest, 'utf8'))
    assert.match(manifest.ICD.library_path, /libvk_swiftshader\.so$/)
  })

  test('altered on disk is not used, but unpacked again', async () => {
    const driver = await softwareDriver(folder)
    const library = join(driver!.directory, 'libvk_swiftshader.so')
    const good = await readFile(library)
    await writeFile(library, 'not a driver')
    await softwareDriver(folder)
    assert.ok(good.equals(await readFile(library)))
    assert.equal((await readdir(folder)).length, 1)
  })

  test('is added to the drivers the operator names, which come first', async () => {
    const driver = (await softwareDriver(folder))!
    const [first] = driverEnvironments(driver, { VK_ADD_DRIVER_FILES: '/mine.json' })
    assert.equal(first!.VK_ADD_DRIVER_FILES, `/mine.json:${driver.manifest}`)
  })
})

test('without a packed driver the environment is what the operator gives', () => {
  assert.deepEqual(driverEnvironments(undefined, { VK_DRIVER_FILES: '/mine.json' }), [{ VK_DRIVER_FILES: '/mine.json' }])
})

test('any bytes are an archive or a refusal', () => {
  const header = fc.tuple(fc.string({ maxLength: 20 }), fc.string({ maxLength: 11 }), fc.uint8Array({ minLength: 2000, maxLength: 2000 }))
  fc.assert(
    fc.property(fc.oneof(header.map(tarOf), fc.uint8Array({ maxLength: 3000 })), (archive) => {
      try {
        for (const bytes of untar(archive).values()) assert.ok(bytes.length <= archive.length)
      } catch (error) {
        assert.match((error as Error).message, /^expected a tar entry/)
      }
    }),
  )
})

function tarOf([name, size, content]: [string, string, Uint8Array]): Uint8Array {
  const head = Buffer.alloc(512)
  head.write(name, 0, 'latin1')
  head.write(size, 124, 'latin1')
  head[156] = 0x30
  return Buffer.concat([head, content])
}
