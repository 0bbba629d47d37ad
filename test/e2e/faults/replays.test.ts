/** FAULTS 11: what peers say on a queue is said again: later on the same queue, and on that of another Job; under another name, and as it was signed. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { generateKeyPair, publicKeyToProtobuf } from '@libp2p/crypto/keys'
import type { SignedMessage } from '@libp2p/gossipsub'
import { RPC } from '@libp2p/gossipsub/message'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { queueCodec } from '../../../src/protocol/queue-messages.ts'
import { openStream } from '../../network/hostile.ts'
import { type Attacker, startAttacker } from '../support/attacker.ts'
import { startTestNetwork } from '../support/fault-network.ts'
import { finish } from '../support/follow-job.ts'
import { framed } from '../support/framed.ts'
import { numbersJob } from '../support/jobs.ts'

const MICRO_JOBS = 32
const HEARD = 12
const isQueue = (topic: string) => /^minga\/1\/job\/[^/]+\/\d+$/.test(topic)

it('replayed queue messages', async (t) => {
  const network = await startTestNetwork(t)
  const behaviour = { slowMs: 300, patience: { validateMs: 2000, recheckMs: 2000 } }
  const peers = await network.startPeers(['peer-1', 'peer-2', 'peer-3'], { behaviour })
  const client = await network.client()
  const place = async (name: string) => {
    const { draft, expected } = numbersJob({ macroJobs: 1, microJobs: MICRO_JOBS, blocks: 2 }, { name })
    const handle = await client.place(draft)
    return async () => {
      const { bytes, report } = await finish(client, handle)
      assert.deepEqual(Buffer.from(bytes), Buffer.from(expected))
      assert.deepEqual(report.culprits, [])
      const processed = report.peers.reduce((sum, { processed }) => sum + processed, 0)
      assert.equal(processed, MICRO_JOBS, 'each MicroJob counts once')
    }
  }
  /** Strangers to all peers, who wait for a queue: one that comes when the Job is under way may find it over. */
  const standBy = async () => {
    const strangers = await Promise.all(peers.map(async (victim) => ({ victim, attacker: await startAttacker(t, victim) })))
    /** The first whose peer works on a queue other than `but`. A peer that shall validate the MacroJob is not in its queue. */
    return (but?: string) =>
      Promise.race(
        strangers.map(async ({ victim, attacker }) => {
          const topic = await attacker.topic((known) => isQueue(known) && known !== but)
          const self = attacker.node.peerId.toString()
          return {
            attacker,
            topic,
            refused: (code: string) => victim.line((line) => line.source === self && line.verdict === 'reject' && line.code === code),
            /** True where the peer has looked into a message of it. */
            judged: () => victim.log.some(({ source, verdict }) => source === self && verdict !== undefined),
            banned: () => victim.line(({ msg, peer }) => msg === 'peer banned for its messages' && peer === self),
          }
        }),
      )
  }
  const [echoes, thieves, forgers] = [await standBy(), await standBy(), await standBy()]

  const endsRight = await place('first')
  const { attacker: echo, topic } = await echoes()
  const old = await recording(echo, topic, HEARD)

  await t.test('of earlier epochs of the same queue change nothing', async () => {
    for (const { data } of old) await echo.publish(topic, data)
    await replay(echo, old.map(asSent))
    await endsRight()
  })

  const otherEndsRight = await place('second')
  await t.test('of another Job are refused, and who sends them is thrown out', async () => {
    const { attacker: thief, topic: other, refused, banned } = await thieves(topic)
    while (thief.connection.status === 'open') {
      for (const { data } of old) await thief.publish(other, data)
      // Signing alone would let no event in, not even that of being thrown out.
      await setImmediate()
    }
    await Promise.all([refused('wrong-queue'), banned()])
  })

  await t.test('of another Job, with the signature that was right there, too', async () => {
    const { attacker: forger, topic: other, banned, judged } = await forgers(topic)
    // What they have heard themselves the peers drop as its echo, before they look at the signature, and blame nobody.
    await replay(
      forger,
      old.map((message) => ({ ...asSent(message), topic: other })),
    )
    const unheard = await Promise.all(old.map(({ data }) => signed(data, topic)))
    while (forger.connection.status === 'open') {
      await replay(
        forger,
        unheard.map((message) => ({ ...message, topic: other })),
      ).catch(() => {})
      await setImmediate()
    }
    await banned()
    assert.ok(!judged())
    await otherEndsRight()
  })

  for (const { log } of peers) {
    const errors = log.filter(({ level }) => level === 'error')
    assert.deepEqual(errors, [])
  }
})

/** The first messages that others publish on the topic, once they speak of a later epoch. */
function recording({ gossip, node }: Attacker, topic: string, count: number): Promise<SignedMessage[]> {
  const heard: SignedMessage[] = []
  return new Promise((resolve) => {
    gossip.addEventListener('message', ({ detail }) => {
      if (detail.topic !== topic || detail.type !== 'signed' || detail.from.equals(node.peerId)) return
      heard.push(detail)
      if (heard.length >= count && epochOf(detail) > epochOf(heard[count - 1] as SignedMessage)) resolve(heard.slice(0, count))
    })
    gossip.subscribe(topic)
  })
}

const epochOf = ({ data }: SignedMessage) => queueCodec.decode(data).epoch

/** Sends the messages with the signatures of their authors. */
async function replay({ connection }: Attacker, messages: RPC.Message[]): Promise<void> {
  const stream = await openStream(connection, '/meshsub/1.2.0')
  stream.send(framed(RPC.encode({ subscriptions: [], messages })))
}

function asSent({ sequenceNumber, data, topic, signature, key, from }: SignedMessage): RPC.Message {
  const seqno = Buffer.alloc(8)
  seqno.writeBigUInt64BE(sequenceNumber)
  return { data, topic, signature, key: publicKeyToProtobuf(key), seqno, from: from.toMultihash().bytes }
}

/** A message of an author whom nobody has met, whose signature is right on this topic. */
async function signed(data: Uint8Array, topic: string): Promise<RPC.Message> {
  const key = await generateKeyPair('Ed25519')
  const from = peerIdFromPrivateKey(key).toMultihash().bytes
  const message = { from, data, seqno: randomBytes(8), topic }
  const signature = await key.sign(Buffer.concat([Buffer.from('libp2p-pubsub:'), RPC.Message.encode(message)]))
  return { ...message, signature, key: publicKeyToProtobuf(key.publicKey) }
}
