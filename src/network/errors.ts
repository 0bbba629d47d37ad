import { EXIT, MingaError } from '../errors.ts'

/** No connection to the peer, and no known address of it could be dialled. */
export class PeerUnreachableError extends MingaError {
  override readonly name = 'PeerUnreachableError'
  readonly exitCode = EXIT.network
  readonly target: string

  constructor(target: string, cause?: unknown) {
    super({
      message: `Expected to reach ${target}, found no address of it that answers.`,
      hint: 'Check that the peer runs, that its address is right, and that no firewall stands between.',
      cause,
    })
    this.target = target
  }
}

/** The peer fell silent for longer than the protocol allows, or the whole exchange took too long. */
export class StreamTimeoutError extends MingaError {
  override readonly name = 'StreamTimeoutError'
  readonly exitCode = EXIT.timeout
  readonly protocol: string
  readonly peer: string
  readonly limit: 'idle' | 'total'
  readonly timeoutMs: number

  constructor(facts: { protocol: string; peer: string; limit: 'idle' | 'total'; timeoutMs: number }) {
    super({
      message: `Expected ${facts.peer} to answer on ${facts.protocol}, found ${facts.limit === 'idle' ? 'silence' : 'no end'} after ${facts.timeoutMs} ms.`,
      hint: 'Ask another peer, or ask this one again later.',
    })
    this.protocol = facts.protocol
    this.peer = facts.peer
    this.limit = facts.limit
    this.timeoutMs = facts.timeoutMs
  }
}

/** `unsupported`: it does not speak the protocol; `busy`: too many streams of ours; `failed`: its handler failed; `broken`: no proper end. */
export type RefusalReason = 'unsupported' | 'busy' | 'failed' | 'broken'

/** The peer would not or could not answer; what it sent so far is not the whole answer. */
export class StreamRefusedError extends MingaError {
  override readonly name = 'StreamRefusedError'
  readonly exitCode = EXIT.network
  readonly protocol: string
  readonly peer: string
  readonly reason: RefusalReason

  constructor(facts: { protocol: string; peer: string; reason: RefusalReason; cause?: unknown }) {
    super({
      message: `Expected a whole answer of ${facts.peer} on ${facts.protocol}, found: ${facts.reason}.`,
      hint: facts.reason === 'busy' ? 'Open fewer streams at once to this peer.' : 'Ask another peer.',
      cause: facts.cause,
    })
    this.protocol = facts.protocol
    this.peer = facts.peer
    this.reason = facts.reason
  }
}

/** A request, a frame or a whole answer is larger than the protocol allows. */
export class StreamLimitError extends MingaError {
  override readonly name = 'StreamLimitError'
  readonly exitCode = EXIT.network
  readonly protocol: string
  readonly part: 'request' | 'frame' | 'response'
  readonly maxBytes: number

  constructor(facts: { protocol: string; part: 'request' | 'frame' | 'response'; maxBytes: number }) {
    super({
      message: `Expected a ${facts.part} of at most ${facts.maxBytes} bytes on ${facts.protocol}, found a larger one.`,
      hint: 'Split what is sent, or ask a peer that keeps to the protocol.',
    })
    this.protocol = facts.protocol
    this.part = facts.part
    this.maxBytes = facts.maxBytes
  }
}

/** Two handlers for one protocol. */
export class ProtocolTakenError extends MingaError {
  override readonly name = 'ProtocolTakenError'
  readonly exitCode = EXIT.usage
  readonly protocol: string

  constructor(protocol: string, cause?: unknown) {
    super({ message: `Expected no handler for ${protocol}, found one.`, hint: 'Stop the first handler before serving again.', cause })
    this.protocol = protocol
  }
}

/** The message does not fit into one gossip message of its channel; nothing was sent. */
export class ChannelMessageTooLargeError extends MingaError {
  override readonly name = 'ChannelMessageTooLargeError'
  readonly exitCode = EXIT.network
  readonly topic: string
  readonly bytes: number
  readonly maxBytes: number

  constructor(facts: { topic: string; bytes: number; maxBytes: number }) {
    super({
      message: `Expected a message of at most ${facts.maxBytes} bytes on ${facts.topic}, found ${facts.bytes}.`,
      hint: 'Split the message, or let the others fetch it by stream.',
    })
    this.topic = facts.topic
    this.bytes = facts.bytes
    this.maxBytes = facts.maxBytes
  }
}

/** The channel (or the whole network) was closed before. */
export class ChannelClosedError extends MingaError {
  override readonly name = 'ChannelClosedError'
  readonly exitCode = EXIT.network
  readonly topic: string

  constructor(topic: string, cause?: unknown) {
    super({ message: `Expected ${topic} to be open, found it closed.`, hint: 'Join the channel again.', cause })
    this.topic = topic
  }
}

/** The channel cannot be joined as specified: a bad topic, limits beyond gossip's, already joined, or too many channels. */
export class ChannelSpecError extends MingaError {
  override readonly name = 'ChannelSpecError'
  readonly exitCode = EXIT.usage
  readonly topic: string

  constructor(topic: string, expected: string, found: string) {
    super({ message: `Expected ${expected}, found ${found}.`, hint: 'Correct the channel, or close others first.' })
    this.topic = topic
  }
}

/** None of the configured bootstrap nodes was reached in time; a client gives up as soon as each has failed once. */
export class BootstrapUnreachableError extends MingaError {
  override readonly name = 'BootstrapUnreachableError'
  readonly exitCode = EXIT.network
  readonly bootstrap: readonly string[]
  readonly timeoutMs: number

  /** `tried`: what each was found to be, where all have failed before the time was up. */
  constructor(facts: { bootstrap: readonly string[]; timeoutMs: number; tried?: readonly string[] | undefined; cause?: unknown }) {
    const time = facts.tried === undefined ? ` in ${facts.timeoutMs} ms` : ''
    const found = (facts.tried ?? facts.bootstrap).join(', ')
    super({
      message: `Expected one of ${facts.bootstrap.length} bootstrap nodes to answer${time}, found none: ${found}.`,
      hint: 'Check the addresses, that a bootstrap node runs there, and that no firewall is between.',
      cause: facts.cause,
    })
    this.bootstrap = facts.bootstrap
    this.timeoutMs = facts.timeoutMs
  }
}

/** Not a multiaddr, or not one that serves its purpose. */
export class BadMultiaddrError extends MingaError {
  override readonly name = 'BadMultiaddrError'
  readonly exitCode = EXIT.usage
  readonly address: string

  constructor(address: string, cause?: unknown) {
    super({
      message: `Expected a multiaddr such as /ip4/203.0.113.7/tcp/4001/p2p/12D3KooW…, found '${address.slice(0, 200)}'.`,
      hint: 'Copy the address from the other peer’s start-up lines.',
      cause,
    })
    this.address = address
  }
}

/** None of the listen addresses could be opened. */
export class ListenFailedError extends MingaError {
  override readonly name = 'ListenFailedError'
  readonly exitCode = EXIT.network
  readonly listen: readonly string[]

  constructor(listen: readonly string[], cause?: unknown) {
    super({
      message: `Expected to listen on ${listen.join(', ')}, found it impossible.`,
      hint: 'Choose a free port (or port 0) and an address of this machine with --listen.',
      cause,
    })
    this.listen = listen
  }
}

/** The pre-shared key of a private network is neither 32 bytes nor a swarm.key file. */
export class NetworkKeyError extends MingaError {
  override readonly name = 'NetworkKeyError'
  readonly exitCode = EXIT.usage

  /** `path` where the file cannot even be read. */
  constructor(cause?: unknown, path?: string) {
    const found = path === undefined ? 'found none of these' : `found ${path} unreadable`
    super({
      message: `Expected a pre-shared key: 64 hexadecimal digits, 32 bytes or a swarm.key file; ${found}.`,
      hint: '`openssl rand -hex 32 > swarm.key` makes one; every peer of the private network needs the same.',
      cause,
    })
  }
}

export type IdentityFault = 'missing' | 'unreadable' | 'unwritable' | 'corrupt' | 'bad-key'

/** The identity file, or the key given, cannot be used. */
export class IdentityFileError extends MingaError {
  override readonly name = 'IdentityFileError'
  readonly exitCode = EXIT.usage
  readonly path: string
  readonly fault: IdentityFault

  constructor(path: string, fault: IdentityFault, found: string, cause?: unknown) {
    super({
      message: `Expected an identity in ${path}, found ${found}.`,
      hint:
        fault === 'corrupt'
          ? 'Restore the file from a backup, or move it away to become a new peer.'
          : fault === 'missing'
            ? 'Check the path, or leave --identity-file out to have one made in the data directory.'
            : 'Give this user read and write access to the file and its folder.',
      cause,
    })
    this.path = path
    this.fault = fault
  }
}
