/** FAULTS 20, 42, 43, 45: floods against a working peer; it stays small, and works on. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { it } from 'node:test'
import { RPC } from '@libp2p/gossipsub/message'
import { multiaddr } from '@multiformats/multiaddr'
import { jobsCodec } from '../../../src/protocol/messages.ts'
import { openStream, startStranger } from '../../network/hostile.ts'
import { residentMib, startAttacker } from '../support/attacker.ts'
import { startTestNetwork } from '../support/fault-network.ts'
import { finish } from '../support/follow-job.ts'
import { numbersJob } from '../support/jobs.ts'
import { startProcess } from '../support/process.ts'

const SPAMMER = join(import.meta.dirname, '../support/spammer.ts')
const LIMIT_MIB = 200

it('floods', async (t) => {
  const network = await startTestNetwork(t)
  const peer = await network.startPeer('peer-1')
  const client = await network.client()
  const before = await residentMib(peer.pid)
  const works = async (name: string) => {
    const startMs = performance.now()
    const { draft, expected } = numbersJob({ macroJobs: 2, microJobs: 4, blocks: 2 }, { name })
    assert.deepEqual(Buffer.from((await finish(client, await client.place(draft))).bytes), Buffer.from(expected))
    const mib = await residentMib(peer.pid)
    t.diagnostic(`${name}: the Job took ${Math.round(performance.now() - startMs)} ms, ${Math.round(mib)} MiB after ${Math.round(before)}`)
    assert.ok(mib - before < LIMIT_MIB, `${mib} MiB after ${name}`)
    assert.deepEqual(
      peer.log.filter(({ level }) => level === 'error'),
      [],
    )
  }
  await works('quiet')

  await t.test('of announcements of Jobs that are not there, well paid', async () => {
    const attacker = await startAttacker(t, peer)
    await attacker.topic((topic) => topic === 'minga/1/jobs')
    const self = attacker.node.peerId.toString()
    for (let count = 0; count < 100; count++) {
      const jobId = `00${randomBytes(30).toString('hex')}`
      const job = { jobId, unitPriceWei: '1000000', openMicroJobs: 10, holders: [self] }
      await attacker.publish('minga/1/jobs', jobsCodec.encode({ type: 'job-announced', job }))
    }
    await works('announcements')
  })

  await t.test('of gossip that is well-formed, far above any rate', async () => {
    // In a process of its own: it would starve the honest client in this one.
    const spammer = startProcess(SPAMMER, [peer.peer, peer.addresses[0] as string])
    t.after(() => spammer.kill())
    await spammer.line(({ event }) => event === 'ready')
    await works('gossip')
    assert.ok(spammer.isRunning())
    await spammer.kill()
  })

  await t.test('of connections, streams and subscriptions', async () => {
    const stranger = await startStranger(t)
    const address = multiaddr(peer.addresses[0] as string)
    const dial = () => stranger.dial(address, { force: true, signal: AbortSignal.timeout(5000) }).catch(() => undefined)
    const connections = (await Promise.all(Array.from({ length: 100 }, dial))).filter((connection) => connection !== undefined)
    const [first] = connections
    if (first !== undefined) {
      const open = () => openStream(first, '/minga/log/1').catch(() => undefined)
      await Promise.all(Array.from({ length: 400 }, open))
      const gossip = await openStream(first, '/meshsub/1.2.0').catch(() => undefined)
      for (let part = 0; part < 20; part++) {
        const subscriptions = Array.from({ length: 5000 }, (_, index) => ({ subscribe: true, topic: `${part}/${index}` }))
        gossip?.send(framed(RPC.encode({ subscriptions, messages: [] })))
      }
    }
    await works('connections')
  })
})

function framed(rpc: Uint8Array): Uint8Array {
  const header: number[] = []
  for (let rest = rpc.length; ; rest >>>= 7) {
    header.push(rest > 127 ? (rest & 127) | 128 : rest)
    if (rest <= 127) return new Uint8Array([...header, ...rpc])
  }
}
