const KIB = 1024
const MIB = 1024 * KIB

/** Every bound that the network holds against strangers. */
export interface NetworkLimits {
  /** Connections kept before the least useful are closed. */
  maxConnections: number
  /** Inbound connections of one IP address; loopback is exempt. */
  maxConnectionsPerIp: number
  /** Connections of one peer. */
  maxConnectionsPerPeer: number
  /** Outbound connections into one /24 or /48 of the Internet that strangers talked us into; private networks are exempt. */
  maxOutboundPerSubnet: number
  /** New inbound connections of one host a second. */
  inboundConnectionsPerSecond: number
  /** Inbound connections that have not finished their handshake. */
  maxPendingInbound: number
  /** Streams that one connection may hold open towards us, all protocols together. */
  maxStreamsPerConnection: number
  /** Gossip RPCs and messages accepted from one neighbour a second; what comes above is dropped unread. */
  peerMessagesPerSecond: number
  /** Gossip messages accepted from one author on one topic a second. */
  authorMessagesPerSecond: number
  /** Memory that one neighbour's subscriptions may take. */
  maxTopicBytesPerPeer: number
  /** Channels that this peer joins at once. */
  maxChannels: number
  /** How long `join` waits for the mesh where members were found. */
  joinTimeoutMs: number
}

/** The most bytes of a channel's message. Three of them and their envelopes fit into one RPC of `MAX_RPC_BYTES`. */
export const MAX_GOSSIP_BYTES = 1 * MIB

/** The most bytes of one gossip RPC. A larger one makes the receiver drop the sender from pubsub, so we split before. */
export const MAX_RPC_BYTES = 4 * MIB

/** What one stream may have on its way unread. Above 4 MiB a paused stream is reset, so the window stays below. */
export const MAX_STREAM_WINDOW_BYTES = 2 * MIB

export const defaultLimits: NetworkLimits = {
  // libp2p's own default on Node; each connection costs about 100 KiB idle.
  maxConnections: 300,
  // A campus or data centre behind one address, but not a whole Sybil farm.
  maxConnectionsPerIp: 64,
  // Two peers that dial each other at once hold two; the rest is slack for a reconnect before the old one is seen dead.
  maxConnectionsPerPeer: 4,
  // A mesh wants 6 neighbours (gossipsub's D): a data centre in one subnet meets, and whoever rents one has no more than these.
  maxOutboundPerSubnet: 8,
  // libp2p's default of 5 refuses a crowd that comes back after a cut.
  inboundConnectionsPerSecond: 100,
  maxPendingInbound: 100,
  // Gossip 2, identify 2, ping, DHT 32, and the Streams protocols with their own caps below.
  maxStreamsPerConnection: 256,
  // The fastest queue measured sends about 500 messages a second; four such authors behind one neighbour.
  peerMessagesPerSecond: 2000,
  authorMessagesPerSecond: 500,
  // Gossipsub charges 1 KiB and the name: about 3,700 topics. Its default of 1 MiB silently drops the 1,009th.
  maxTopicBytesPerPeer: 4 * MIB,
  // Below what others accept of us, and below the 5,000 subscriptions that one RPC may carry.
  maxChannels: 3000,
  // Dialled 8.8 ms, grafted 13.9 ms on a LAN; the rest is for slow links.
  joinTimeoutMs: 1500,
}
