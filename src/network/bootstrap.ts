import type { Libp2p } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { type Logger, silentLogger } from '../log.ts'
import type { Abortable, PeerId } from '../ports.ts'
import { peerOf } from './addresses.ts'
import { createBootstrapNews } from './bootstrap-news.ts'
import { BootstrapUnreachableError } from './errors.ts'
import { raceAbort } from './exchange.ts'

/** The first redial comes soon: most losses are restarts. */
const FIRST_DELAY_MS = 250
/** A seed that is away for hours is asked twice a minute: nothing for us, and we are back at once. */
const MAX_DELAY_MS = 30_000
const DIAL_TIMEOUT_MS = 10_000

export interface WaitForBootstrap extends Abortable {
  timeoutMs: number
  /** Dial each node but once: whoever waits is a person. @default false */
  once?: boolean
}

export interface BootstrapKeeper {
  /** The bootstrap peers connected now. */
  connected(): PeerId[]
  /** Resolves when one is connected, at once where none is configured. Rejects with the signal's reason. */
  anyConnected(options?: Abortable): Promise<void>
  /** As `anyConnected`, but throws BootstrapUnreachableError after `timeoutMs`; with `once`, as soon as each has been dialled in vain. */
  waitForAny(options: WaitForBootstrap): Promise<void>
  onConnected(listener: (peer: PeerId) => void): () => void
  stop(): void
}

/**
 * Keeps a connection to every bootstrap node, for ever: dials at once, again with growing, jittered delays, and at once again when
 * one is lost. libp2p's own bootstrap module dials but once, and its reconnect queue gives up after five tries.
 */
export function keepBootstrapped(
  libp2p: Libp2p,
  bootstrap: readonly Multiaddr[],
  log: Logger,
  /** Where nothing is told of nodes that do not answer, whoever waits for them has to. */
  isMute = false,
): BootstrapKeeper {
  const stopping = new AbortController()
  const { signal } = stopping
  const connected = new Set<PeerId>()
  const listeners = new Set<(peer: PeerId) => void>()
  let lastError: unknown
  let first = Promise.withResolvers<void>()
  const others = bootstrap.filter((address) => peerOf(address) !== libp2p.peerId.toString())
  const news = createBootstrapNews(others.map(String), () => connected.size > 0, isMute ? silentLogger : log)

  const markConnected = (peer: PeerId) => {
    if (connected.has(peer)) return
    connected.add(peer)
    first.resolve()
    log.info('bootstrap node connected', { peer })
    for (const listener of [...listeners]) listener(peer)
  }
  const markLost = (peer: PeerId) => {
    if (!connected.delete(peer) || signal.aborted) return
    log.info('bootstrap node lost', { peer })
    if (connected.size > 0) return
    first = Promise.withResolvers<void>()
    news.lostAll()
  }
  const onDisconnect = (event: CustomEvent<{ toString(): string }>) => markLost(event.detail.toString())
  libp2p.addEventListener('peer:disconnect', onDisconnect)

  async function keep(address: Multiaddr): Promise<void> {
    for (let delayMs = FIRST_DELAY_MS; !signal.aborted; delayMs = Math.min(MAX_DELAY_MS, 2 * delayMs)) {
      try {
        const connection = await libp2p.dial(address, { signal: AbortSignal.any([signal, AbortSignal.timeout(DIAL_TIMEOUT_MS)]) })
        const peer = connection.remotePeer.toString()
        markConnected(peer)
        await disconnected(libp2p, peer, signal)
        // Its event may have come before we knew the peer.
        markLost(peer)
        delayMs = FIRST_DELAY_MS
      } catch (error) {
        if (signal.aborted) return
        lastError = error
        log.debug('bootstrap node does not answer', { address: address.toString(), error: String(error) })
        news.failed(address.toString(), error)
      }
      await pause(delayMs * (0.5 + Math.random()), signal)
    }
  }

  for (const address of others) void keep(address)
  const isAlone = others.length === 0

  const anyConnected = async (options?: Abortable) => {
    if (isAlone || connected.size > 0) return
    await raceAbort(first.promise, AbortSignal.any([signal, ...(options?.signal ? [options.signal] : [])]))
  }

  return {
    connected: () => [...connected],
    anyConnected,
    async waitForAny({ timeoutMs, once, signal: outer }) {
      const enough = AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(once ? [news.noneAnswered] : [])])
      try {
        await anyConnected({ signal: outer ? AbortSignal.any([outer, enough]) : enough })
      } catch (error) {
        if (outer?.aborted || !enough.aborted) throw error
        const tried = once && news.noneAnswered.aborted ? news.tried() : undefined
        throw new BootstrapUnreachableError({ bootstrap: bootstrap.map(String), timeoutMs, tried, cause: lastError })
      }
    },
    onConnected(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    stop() {
      // Nobody may be left to hear of it; the rejection is no event then.
      first.promise.catch(() => {})
      libp2p.removeEventListener('peer:disconnect', onDisconnect)
      stopping.abort(new DOMException('the network stops', 'AbortError'))
    },
  }
}

/** Resolves when no connection to the peer is left, or when the signal is aborted. */
function disconnected(libp2p: Libp2p, peer: PeerId, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const onDisconnect = (event: CustomEvent<{ toString(): string }>) => {
    if (event.detail.toString() === peer) resolve()
  }
  const onAbort = () => resolve()
  libp2p.addEventListener('peer:disconnect', onDisconnect)
  signal.addEventListener('abort', onAbort)
  // The event may have passed between the dial and here.
  if (!libp2p.getPeers().some((id) => id.toString() === peer)) resolve()
  return promise.finally(() => {
    libp2p.removeEventListener('peer:disconnect', onDisconnect)
    signal.removeEventListener('abort', onAbort)
  })
}

function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  const { promise, resolve } = Promise.withResolvers<void>()
  const done = () => resolve()
  const timer = setTimeout(done, delayMs)
  signal.addEventListener('abort', done)
  return promise.finally(() => {
    clearTimeout(timer)
    signal.removeEventListener('abort', done)
  })
}
