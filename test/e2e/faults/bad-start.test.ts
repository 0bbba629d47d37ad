/** FAULTS 52, 53 and issue "Bad input": keys and directories that are not as they should be. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { copyFile, cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { EXIT } from '../../../src/errors.ts'
import { minga } from '../../cli/run.ts'
import { temporaryDirectory } from '../support/fault-network.ts'
import { LONELY, PEER_ENTRY, startLonelyPeer } from '../support/lonely-peer.ts'
import { startProcess } from '../support/process.ts'
import { refusal } from '../support/refusal.ts'

const peer = (dataDir: string, ...args: string[]) => minga(['peer', '--data-dir', dataDir, ...LONELY, ...args])

const isRoot = process.getuid?.() === 0
const hasSetpriv = spawnSync('setpriv', ['--version']).status === 0

describe('keys', () => {
  it('that are missing, damaged or of another kind stop the start and stay as they are', async (t) => {
    const directory = await temporaryDirectory(t)
    const file = join(directory, 'key')
    const dataDir = join(directory, 'data')
    for (const flag of ['--wallet-key-file', '--identity-file', '--pnet-key-file']) {
      assert.match(refusal(await peer(dataDir, flag, join(directory, 'absent')), EXIT.usage), /absent/)
      await writeFile(file, `not a key: ${flag}\n`)
      const said = refusal(await peer(dataDir, flag, file), EXIT.usage)
      assert.doesNotMatch(said, /not a key/)
      assert.equal(await readFile(file, 'utf8'), `not a key: ${flag}\n`)
    }
  })

  it('of another private network let nobody in', async (t) => {
    const directory = await temporaryDirectory(t)
    const key = join(directory, 'swarm.key')
    await writeFile(key, randomBytes(32))
    const host = await startLonelyPeer(t, join(directory, 'host'), ['--pnet-key-file', key])
    const [address = ''] = host.addresses
    await writeFile(join(directory, 'other.key'), randomBytes(32))
    const ask = (name: string) =>
      minga(['peers', '-b', address, '-d', join(directory, 'c'), '--pnet-key-file', join(directory, name), '--timeout-connect', '3s'])
    assert.match(refusal(await ask('other.key'), EXIT.network), /bootstrap nodes to answer/)
    assert.equal((await ask('swarm.key')).code, EXIT.ok)
    assert.ok(host.isRunning())
  })
})

describe('a data directory', () => {
  it('in use is refused to a second peer, and the first one goes on (FAULTS 53)', async (t) => {
    const directory = await temporaryDirectory(t)
    const first = await startLonelyPeer(t, directory)
    assert.match(refusal(await peer(directory), EXIT.usage), new RegExp(`in use by process ${first.pid}`))
    assert.ok(first.isRunning())
    // The lock is the kernel's: it goes with the process, however that ends.
    await first.kill()
    await startLonelyPeer(t, directory)
  })

  it('that is a file, or on a read-only disk, is refused', async (t) => {
    const directory = await temporaryDirectory(t)
    await writeFile(join(directory, 'file'), '')
    assert.match(refusal(await peer(join(directory, 'file')), EXIT.usage), /not a directory/)
    assert.match(refusal(await peer(join(directory, 'file', 'below')), EXIT.usage), /not a directory/)
    assert.match(refusal(await peer('/proc/minga'), EXIT.usage), /cannot be used/)
  })

  it('closed to this user is refused', { skip: isRoot && !hasSetpriv && 'root writes everywhere' }, async (t) => {
    const closed = join(await temporaryDirectory(t), 'closed')
    await mkdir(closed, { mode: 0o500 })
    const within = isRoot ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] : []
    const refused = startProcess(PEER_ENTRY, ['--data-dir', join(closed, 'data'), ...LONELY], { within })
    t.after(() => refused.kill())
    assert.deepEqual(await refused.ended, { code: EXIT.usage, signal: null })
    assert.match(refused.noise.join(), /is not writable/)
  })

  it('with a damaged note or key is refused, and nothing in it is replaced (FAULTS 52)', async (t) => {
    const directory = await temporaryDirectory(t)
    await (await startLonelyPeer(t, directory)).kill()
    for (const name of ['minga.json', 'identity.json', 'wallet.key']) {
      const path = join(directory, name)
      await copyFile(path, `${path}.right`)
      await writeFile(path, 'damaged')
      assert.match(refusal(await peer(directory), EXIT.usage), new RegExp(name))
      assert.equal(await readFile(path, 'utf8'), 'damaged')
      await copyFile(`${path}.right`, path)
    }
    await startLonelyPeer(t, directory)
  })

  it('with damaged databases is repaired, or they are set aside: the peer starts and stays itself (FAULTS 52)', async (t) => {
    const directory = await temporaryDirectory(t)
    const sound = join(directory, 'sound')
    const before = await startLonelyPeer(t, sound)
    await before.kill()
    const data = join(directory, 'data')
    await cp(sound, data, { recursive: true })
    for (const database of ['replica', 'blocks/pins', 'vault']) {
      for (const name of await readdir(join(data, database))) await writeFile(join(data, database, name), randomBytes(300))
    }
    const again = await startLonelyPeer(t, data)
    assert.equal(again.peer, before.peer)
    assert.ok(again.log.some(({ msg }) => /damaged|repair/.test(String(msg))))
  })
})
