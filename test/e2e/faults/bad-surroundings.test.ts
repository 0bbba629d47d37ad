/** FAULTS 50 and issue "Bad input": disks and bootstrap nodes that are not as they should be. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { EXIT } from '../../../src/errors.ts'
import { minga } from '../../cli/run.ts'
import { temporaryDirectory } from '../support/fault-network.ts'
import { LONELY, PEER_ENTRY, startLonelyPeer } from '../support/lonely-peer.ts'
import { startProcess } from '../support/process.ts'
import { refusal } from '../support/refusal.ts'
import { canMount, onSmallDisk } from '../support/small-disk.ts'

const STRANGER = '12D3KooWMnDAizL3ZTgfcKz3DByyZ5oJFVmzFZK7QzMwBhpRJFHk'

describe('a full disk', { skip: !canMount() && 'this system lets nobody mount a small disk' }, () => {
  it('is told at the start, with what to do (FAULTS 50)', async (t) => {
    const directory = await temporaryDirectory(t)
    const small = startProcess(PEER_ENTRY, ['--data-dir', join(directory, 'data'), ...LONELY], { within: onSmallDisk(directory, 16) })
    t.after(() => small.kill())
    assert.deepEqual(await small.ended, { code: EXIT.usage, signal: null })
    assert.match(small.noise.join('\n'), /No space is left at .*\n.*Free some space/)
  })
})

describe('a bootstrap node', () => {
  it('that is not there is told in the time allowed, and nothing is made of a Job', async (t) => {
    const directory = await temporaryDirectory(t)
    await writeFile(join(directory, 'a.wgsl'), '@compute @workgroup_size(64) fn main() {}')
    const slicing = { layout: 'sequence', macroJobs: 1, microJobs: 1, blocks: 1, blockElements: 1 }
    await writeFile(join(directory, 'job.json'), JSON.stringify({ name: 'x', code: 'a.wgsl', slicing }))
    const place = ['place', join(directory, 'job.json'), '--no-check', '--data-dir', join(directory, 'data'), '--timeout-connect', '1s']
    const nobody = await minga([...place, '-b', `/ip4/127.0.0.1/tcp/1/p2p/${STRANGER}`])
    assert.match(refusal(nobody, EXIT.network), /none: \/ip4\/127\.0\.0\.1\/tcp\/1/)
    // One that takes the connection and says nothing.
    const mute = createServer(() => {}).listen(0, '127.0.0.1')
    t.after(() => mute.close())
    await once(mute, 'listening')
    const { port } = mute.address() as { port: number }
    refusal(await minga([...place, '-b', `/ip4/127.0.0.1/tcp/${port}/p2p/${STRANGER}`]), EXIT.network)
    assert.match(refusal(await minga([...place, '-b', 'localhost:4001']), EXIT.usage), /multiaddr/)
    // No bootstrap node at all: there is nobody to hold the Job.
    assert.match(refusal(await minga(place), EXIT.network), /no peer is connected/)
    assert.equal((await stat(join(directory, 'data', 'client'))).isDirectory(), true)
  })

  it('that is someone else than its address says is no bootstrap node', async (t) => {
    const directory = await temporaryDirectory(t)
    const host = await startLonelyPeer(t, join(directory, 'host'))
    const [address = ''] = host.addresses
    const forged = address.replace(/[^/]+$/, STRANGER)
    const found = await minga(['peers', '-b', forged, '-d', join(directory, 'c'), '--timeout-connect', '2s'])
    refusal(found, EXIT.network)
    await rm(join(directory, 'c'), { recursive: true })
  })
})
