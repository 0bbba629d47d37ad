/**
 * Publishes well-formed, signed messages at a rate that libp2p's own signing does not reach: `node fast-spammer.ts <victim's peer id> <its address> <messages a
 * second>`. Whenever it is thrown out it tries to come back, under its old name. Prints a line when it is let in, and one when it is thrown out.
 */
import { generateKeyPairSync, sign } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { privateKeyFromRaw } from '@libp2p/crypto/keys'
import { RPC } from '@libp2p/gossipsub/message'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { jobsCodec } from '../../../src/protocol/messages.ts'
import { jobsTopic } from '../../../src/protocol/topics.ts'
import { openStream } from '../../network/hostile.ts'
import { framed } from './framed.ts'

const TURN_MS = 10
const KNOCK_MS = 100
const MESHSUB = '/meshsub/1.2.0'
const [, address = '', rate = '1'] = process.argv.slice(2)

const keys = generateKeyPairSync('ed25519')
const { d = '', x = '' } = keys.privateKey.export({ format: 'jwk' })
const privateKey = privateKeyFromRaw(Buffer.concat([Buffer.from(d, 'base64url'), Buffer.from(x, 'base64url')]))
const from = privateKey.publicKey.toMultihash().bytes
const data = jobsCodec.encode({ type: 'open-jobs-query' })
const prefix = Buffer.from('libp2p-pubsub:')
let count = 0n

function message() {
  const seqno = Buffer.alloc(8)
  seqno.writeBigUInt64BE(++count)
  const unsigned = { from, data, seqno, topic: jobsTopic }
  return { ...unsigned, signature: sign(null, Buffer.concat([prefix, RPC.Message.encode(unsigned)]), keys.privateKey) }
}

const node = await createLibp2p({
  privateKey,
  transports: [tcp()],
  connectionEncrypters: [noise()],
  streamMuxers: [yamux()],
  connectionMonitor: { enabled: false },
  services: { identify: identify() },
})
await node.handle(MESHSUB, async (stream) => {
  for await (const _ of stream);
})

async function spam(): Promise<void> {
  const connection = await node.dial(multiaddr(address))
  const stream = await openStream(connection, MESHSUB)
  say('spamming')
  try {
    while (connection.status === 'open') {
      const startMs = performance.now()
      const messages = Array.from({ length: (Number(rate) * TURN_MS) / 1000 }, message)
      stream.send(framed(RPC.encode({ subscriptions: [], messages })))
      await pause(Math.max(0, startMs + TURN_MS - performance.now()))
    }
  } finally {
    say('thrown-out')
  }
}

function say(event: string): void {
  process.stdout.write(`${JSON.stringify({ event })}\n`)
}

say('ready')
for (;;) {
  await spam().catch(() => {})
  await pause(KNOCK_MS)
}
