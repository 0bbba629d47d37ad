/**
 * Many strangers on one host, in one process: `node crowd.ts <its IPv4 address> <how many> <address to dial>…`. Each is in the topic of Jobs, as a peer that
 * works would be, and dials all the addresses. Prints a line for each connection that somebody else opened.
 */
import { gossipsub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { jobsTopic } from '../../../../src/protocol/topics.ts'

const [ip = '', count = '1', ...targets] = process.argv.slice(2)
const say = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`)

async function join(): Promise<void> {
  const node = await createLibp2p({
    addresses: { listen: [`/ip4/${ip}/tcp/0`] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: {
      identify: identify(),
      pubsub: gossipsub({ allowPublishToZeroTopicPeers: true, scoreParams: { IPColocationFactorWeight: 0 } }),
    },
  })
  node.addEventListener('connection:open', ({ detail: { direction, remotePeer } }) => {
    if (direction === 'inbound') say({ event: 'inbound', peer: remotePeer.toString() })
  })
  node.services.pubsub.subscribe(jobsTopic)
  for (const target of targets) await node.dial(multiaddr(target))
}

await Promise.all(Array.from({ length: Number(count) }, join))
say({ event: 'ready' })
