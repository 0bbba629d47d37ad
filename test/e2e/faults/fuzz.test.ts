/** FAULTS 11, 44, 46 and issue "Bad input": random bytes on every protocol and topic of a working peer and of its bootstrap node. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { it } from 'node:test'
import { type Attacker, mutations, nastyBytes, residentMib, startAttacker } from '../support/attacker.ts'
import { startTestNetwork } from '../support/fault-network.ts'
import { finish } from '../support/follow-job.ts'
import { numbersJob } from '../support/jobs.ts'

const MESHSUB = '/meshsub/1.2.0'
/** Of our own protocols; none may be forgotten when one is added. */
const OF_PEERS = ['/minga/blocks/1', '/minga/log/1', '/minga/members/1', '/minga/queue/1', MESHSUB]
const OF_BOOTSTRAP_NODES = ['/minga/blocks/1', '/minga/log/1', '/minga/members/1', '/minga/hold/1', '/minga/kad/1.0.0', MESHSUB]
/** A peer at work is in one topic of each kind at least; none may be forgotten when one is added. */
const KINDS = [/^minga\/1\/jobs$/, /^minga\/1\/job\/[0-9a-f]{62}$/, /^minga\/1\/job\/[0-9a-f]{62}\/\d+$/, /^minga\/1\/log\/[0-9a-f]{62}$/]
/** Node gives memory back late: under six rounds of attacks a bootstrap node of 175 MiB grew to 380 in three and stayed there. A leak would go on. */
const LIMIT_MIB = 400

/** All kinds of bytes on all protocols, as they are and behind a right length prefix. */
async function attackProtocols(attacker: Attacker) {
  for (const protocol of attacker.protocols) {
    for (const bytes of nastyBytes()) {
      await attacker.send(protocol, bytes)
      await attacker.send(protocol, new Uint8Array([...varint(bytes.length), ...bytes]))
    }
  }
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)]
}

it('random bytes', async (t) => {
  const network = await startTestNetwork(t)
  const peer = await network.startPeer('peer-1', { behaviour: { slowMs: 500 } })
  const client = await network.client()
  const shape = { macroJobs: 2, microJobs: 8, blocks: 2 }
  const { draft, expected } = numbersJob(shape)
  const victims = [peer, network.bootstrap()]
  const before = await Promise.all(victims.map(({ pid }) => residentMib(pid)))
  // They stand by before the Job begins: a MacroJob's topic ends with its work, and to connect takes long on a busy machine.
  const attacker = await startAttacker(t, peer)
  // Who sends rubbish is banned after a while: each topic gets a stranger of its own.
  const strangers = await Promise.all(KINDS.map(() => startAttacker(t, peer)))
  const handle = await client.place(draft)

  await t.test('on every topic, and what its peers said with a bit changed, from strangers that come again', async () => {
    await Promise.all(
      KINDS.map(async (kind, index) => attackTopic(strangers[index] as Attacker, await attacker.topic((topic) => kind.test(topic)))),
    )
    for (const topic of attacker.topics)
      assert.ok(
        KINDS.some((kind) => kind.test(topic)),
        topic,
      )
    assert.ok(peer.isRunning())
  })

  /** Until the peer has refused something of it. */
  async function attackTopic({ node, gossip, topic: known, publish }: Attacker, topic: string) {
    const heard: Uint8Array[] = []
    gossip.addEventListener('message', ({ detail }) => heard.push(detail.data))
    gossip.subscribe(topic)
    await known((each) => each === topic)
    for (const bytes of nastyBytes()) await publish(topic, bytes)
    const [example = randomBytes(100)] = heard
    for (const bytes of mutations(example, 40)) await publish(topic, bytes)
    const self = node.peerId.toString()
    await peer.line((line) => line.topic === topic && line.source === self && line.verdict === 'reject')
  }

  await t.test('on every protocol of a peer at work', async () => {
    for (const protocol of OF_PEERS) assert.ok(attacker.protocols.includes(protocol), protocol)
    await attackProtocols(attacker)
    assert.ok(peer.isRunning())
  })

  await t.test('on every protocol of the bootstrap node', async () => {
    const mib: number[] = []
    for (let round = 0; round < 2; round++) {
      const stranger = await startAttacker(t, network.bootstrap())
      for (const protocol of OF_BOOTSTRAP_NODES) assert.ok(stranger.protocols.includes(protocol), protocol)
      await attackProtocols(stranger)
      for (const bytes of nastyBytes()) await stranger.publish('minga/1/jobs', bytes)
      mib.push(await residentMib(network.bootstrap().pid))
    }
    t.diagnostic(`MiB of the bootstrap node after each round: ${mib.map(Math.round)}`)
    assert.ok(network.bootstrap().isRunning())
  })

  await t.test('leave both at work, with little more memory, and the Job and the next one right', async () => {
    assert.deepEqual(Buffer.from((await finish(client, handle)).bytes), Buffer.from(expected))
    const next = numbersJob(shape, { name: 'next' })
    assert.deepEqual(Buffer.from((await finish(client, await client.place(next.draft))).bytes), Buffer.from(next.expected))
    const after = await Promise.all(victims.map(({ pid }) => residentMib(pid)))
    t.diagnostic(`MiB before and after: ${before.map(Math.round)} ${after.map(Math.round)}`)
    for (const [index, mib] of after.entries()) assert.ok(mib - (before[index] as number) < LIMIT_MIB, `${mib} MiB`)
    for (const { log, noise } of victims) {
      assert.deepEqual(
        log.filter(({ level }) => level === 'error'),
        [],
      )
      assert.deepEqual(noise, [])
    }
  })
})
