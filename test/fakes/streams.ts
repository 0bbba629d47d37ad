import {
  PeerUnreachableError,
  ProtocolTakenError,
  StreamLimitError,
  StreamRefusedError,
  StreamTimeoutError,
} from '../../src/network/errors.ts'
import type { Abortable, PeerId, StreamHandler, StreamSpec, Streams } from '../../src/ports.ts'
import type { FakeWorld } from './network.ts'

export interface FakeServer {
  spec: StreamSpec
  handler: StreamHandler
  active: Map<PeerId, number>
}

type Counts = { requests: number; streamBytes: number }

/** Streams as generators: the handler runs one frame ahead of its reader. */
export function createFakeStreams(world: FakeWorld, self: PeerId, counts: Counts): Streams {
  const served = () => {
    const servers = world.servers.get(self) ?? new Map<string, FakeServer>()
    world.servers.set(self, servers)
    return servers
  }
  served()
  return {
    async serve(spec, handler) {
      const servers = served()
      if (servers.has(spec.protocol)) throw new ProtocolTakenError(spec.protocol)
      servers.set(spec.protocol, { spec, handler, active: new Map() })
      return async () => {
        servers.delete(spec.protocol)
      }
    },
    request: (peer, spec, request, options) => exchange(world, self, peer, spec, request, counts, options),
  }
}

async function* exchange(
  world: FakeWorld,
  self: PeerId,
  peer: PeerId,
  spec: StreamSpec,
  request: Uint8Array,
  counts: Counts,
  { signal }: Abortable = {},
): AsyncGenerator<Uint8Array> {
  const { protocol } = spec
  signal?.throwIfAborted()
  if (request.length > spec.maxRequestBytes) throw new StreamLimitError({ protocol, part: 'request', maxBytes: spec.maxRequestBytes })
  await world.clock.sleep(0)
  const servers = world.servers.get(peer)
  if (servers === undefined || !world.connected(self, peer)) throw new PeerUnreachableError(peer)
  const server = servers.get(protocol)
  if (server === undefined) throw new StreamRefusedError({ protocol, peer, reason: 'unsupported' })
  const active = server.active.get(self) ?? 0
  if (active >= server.spec.maxConcurrent) throw new StreamRefusedError({ protocol, peer, reason: 'busy' })
  server.active.set(self, active + 1)
  counts.requests++
  counts.streamBytes += request.length
  const line = openLine(world, self, peer, spec, signal)
  try {
    const frames = server.handler(request.slice(), { from: self, signal: line.signal })[Symbol.asyncIterator]()
    yield* relay(frames, { world, spec, peer, line, counts })
  } finally {
    server.active.set(self, (server.active.get(self) ?? 1) - 1)
    line.hangUp(new DOMException('the exchange is over', 'AbortError'))
  }
}

interface Line {
  signal: AbortSignal
  hangUp(reason: unknown): void
  /** Rejects when the line breaks, or a clock runs out. */
  waiting<T>(wait: Promise<T>): Promise<T>
}

async function* relay(
  frames: AsyncIterator<Uint8Array>,
  { world, spec, peer, line, counts }: { world: FakeWorld; spec: StreamSpec; peer: PeerId; line: Line; counts: Counts },
): AsyncGenerator<Uint8Array> {
  const { protocol } = spec
  const next = () => {
    const asked = frames.next().catch(() => Promise.reject(new StreamRefusedError({ protocol, peer, reason: 'failed' })))
    asked.catch(() => {})
    return asked
  }
  try {
    // As over a wire, the handler is one frame ahead of its reader.
    let ahead = next()
    for (let received = 0; ; ) {
      const result = await line.waiting(ahead)
      if (result.done) return
      ahead = next()
      received += result.value.length
      counts.streamBytes += result.value.length
      if (result.value.length > spec.maxFrameBytes) throw new StreamLimitError({ protocol, part: 'frame', maxBytes: spec.maxFrameBytes })
      if (received > spec.maxResponseBytes) throw new StreamLimitError({ protocol, part: 'response', maxBytes: spec.maxResponseBytes })
      if (world.random() < world.faults.breakRate) throw new StreamRefusedError({ protocol, peer, reason: 'broken' })
      yield result.value.slice()
    }
  } finally {
    frames.return?.().catch(() => {})
  }
}

function openLine(world: FakeWorld, self: PeerId, peer: PeerId, spec: StreamSpec, outer: AbortSignal | undefined): Line {
  const { protocol } = spec
  const controller = new AbortController()
  const hangUp = (reason: unknown) => {
    clearTimeout(total)
    world.cuts.delete(cut)
    outer?.removeEventListener('abort', follow)
    controller.abort(reason)
  }
  const cut = () => {
    if (!world.connected(self, peer) || !world.servers.has(peer)) hangUp(new StreamRefusedError({ protocol, peer, reason: 'broken' }))
  }
  const follow = () => hangUp(outer?.reason)
  const expire = (limit: 'idle' | 'total', timeoutMs: number) => () => hangUp(new StreamTimeoutError({ protocol, peer, limit, timeoutMs }))
  const total = setTimeout(expire('total', spec.totalTimeoutMs), spec.totalTimeoutMs)
  world.cuts.add(cut)
  outer?.addEventListener('abort', follow, { once: true })
  return {
    signal: controller.signal,
    hangUp,
    async waiting(wait) {
      wait.catch(() => {})
      const idle = setTimeout(expire('idle', spec.idleTimeoutMs), spec.idleTimeoutMs)
      const { promise, reject } = Promise.withResolvers<never>()
      const broken = () => reject(controller.signal.reason)
      controller.signal.addEventListener('abort', broken, { once: true })
      if (controller.signal.aborted) broken()
      try {
        return await Promise.race([wait, promise])
      } finally {
        clearTimeout(idle)
        controller.signal.removeEventListener('abort', broken)
      }
    },
  }
}
