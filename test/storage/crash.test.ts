import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { createNodeBlocks } from '../../src/storage/blocks-node.ts'
import { temporaryDirectory } from './peers.ts'

const child = (name: string): string => fileURLToPath(new URL(`children/${name}.ts`, import.meta.url))

describe('kill -9 while adding', () => {
  it('keeps every acknowledged file whole, and pinned', async (t) => {
    const directory = await temporaryDirectory(t)
    const acknowledged: string[] = []
    for (let round = 0; round < 3; round++) {
      const adder = spawn(process.execPath, [child('adder'), directory], { stdio: ['ignore', 'pipe', 'inherit'] })
      t.after(() => adder.kill('SIGKILL'))
      let lines = 0
      for await (const line of createInterface({ input: adder.stdout })) {
        acknowledged.push(line)
        // A different moment each round; the others of its batch are being written.
        if (++lines === 5 + 4 * round) adder.kill('SIGKILL')
      }
      if (adder.exitCode === null && adder.signalCode === null) await once(adder, 'exit')
    }
    const blocks = await createNodeBlocks({}, { directory })
    t.after(() => blocks.stop())
    await blocks.gc()
    assert.ok(acknowledged.length >= 27)
    for (const line of acknowledged) {
      const [cid = '', sha256] = line.split(' ')
      assert.equal(
        createHash('sha256')
          .update(await blocks.read(cid))
          .digest('hex'),
        sha256,
      )
    }
  })
})

describe('a full disk', () => {
  const mount = 'mount -t tmpfs -o size=8m tmpfs "$1"'
  const canMount = (path: string): boolean => spawnSync('unshare', ['-rm', 'sh', '-c', mount, 'sh', path]).status === 0

  it('is told, leaves no partial files, is read from, and recovers', async (t) => {
    const directory = await temporaryDirectory(t)
    if (!canMount(directory)) return t.skip('no user namespaces here: no small disk to fill')
    const script = `${mount} && exec "$2" "$3" "$1"`
    const { stdout, stderr } = spawnSync('unshare', ['-rm', 'sh', '-c', script, 'sh', directory, process.execPath, child('filler')], {
      encoding: 'utf8',
    })
    assert.ok(stdout !== '', stderr)
    const { freedBytes, ...facts } = JSON.parse(stdout)
    assert.deepEqual(facts, { putError: 'DiskFullError', exportError: 'DiskFullError', temporaries: [], readsOn: true, recovered: true })
    assert.ok(freedBytes > 0)
  })
})
