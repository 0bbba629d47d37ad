import type { GossipsubOpts } from '@libp2p/gossipsub'
import { MAX_RPC_BYTES, type NetworkLimits } from './limits.ts'
import type { Penalties } from './penalties.ts'

/** Gossip buffers for one slow neighbour; above it loses the stream, and gets a new one from the guard. */
const MAX_OUTBOUND_BUFFER_BYTES = 16 * 1024 * 1024

const latin1 = new TextDecoder('latin1')

/**
 * Author and sequence number as a string: what gossipsub's own id is made of, without hashing. It finds duplicates before the
 * signature is checked; an id is remembered only after one copy's signature held, so it cannot be poisoned.
 */
function fastMessageId(message: { from?: Uint8Array; seqno?: Uint8Array }): string {
  return latin1.decode(message.from ?? new Uint8Array()) + latin1.decode(message.seqno ?? new Uint8Array())
}

/** Gossipsub as Minga needs it; each setting that differs from the default says why. */
export function gossipOptions(limits: NetworkLimits, penalties: Penalties): Partial<GossipsubOpts> {
  return {
    globalSignaturePolicy: 'StrictSign',
    // Floodsub neither scores nor prunes.
    fallbackToFloodsub: false,
    // The first peer of a topic publishes to nobody; that is no error.
    allowPublishToZeroTopicPeers: true,
    floodPublish: true,
    batchPublish: true,
    emitSelf: false,
    // The default writes the peer store once a (peer, topic): 5,000 topics blocked a node for 75 s.
    tagMeshPeers: false,
    // By default 10 s, and a minute for who asks sooner, who is thought the worse of: commands of one user come one after another, and a peer
    // goes back to a MacroJob. The wire knows no less than a second.
    unsubcribeBackoff: 1_000,
    // Peer exchange by strangers is replaced by the members protocol, whose addresses are checked.
    doPX: false,
    // Relays limit a stream to 128 KiB: signalling only.
    runOnLimitedConnection: false,
    maxInboundDataLength: MAX_RPC_BYTES,
    maxOutboundBufferSize: MAX_OUTBOUND_BUFFER_BYTES,
    // The default of 1 MiB silently drops a peer's 1,009th topic.
    maxTopicBytesPerPeer: limits.maxTopicBytesPerPeer,
    fastMsgIdFn: fastMessageId,
    scoreParams: {
      // By default 11 peers behind one address graylist each other: 16 on 127.0.0.1 delivered 0 of 750 messages. The number of
      // connections of one address is capped when they open.
      IPColocationFactorWeight: 0,
      // Topics come and go with Jobs, gossipsub's topic scores do not: offences are counted in our own book.
      appSpecificScore: (peer) => penalties.score(peer),
      appSpecificWeight: 1,
      // Kept an hour by default, also for the blameless: an entry for every key that ever connected. Our book has its own bound.
      retainScore: 10_000,
    },
  }
}
