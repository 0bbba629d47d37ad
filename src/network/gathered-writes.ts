/**
 * libp2p hands every frame to the socket in three pieces (length, cipher text, tag), and each was a system call here and a wake-up at the
 * other end. What one callback writes to a socket goes out together instead. To wait for the whole turn of the event loop gathers a little more,
 * but keeps window updates back, and a bulk stream then stands still between them.
 */
import { Socket } from 'node:net'
import type { DialTransportOptions, MultiaddrConnection, Transport, Upgrader } from '@libp2p/interface'
import { type TCPComponents, type TCPOptions, tcp } from '@libp2p/tcp'

/** libp2p's TCP transport with gathered writes. */
export function gatheringTcp(init: TCPOptions): (components: TCPComponents) => Transport {
  const create = tcp(init)
  return (components) => {
    const transport = create(components) as Transport
    const dial = transport.dial.bind(transport)
    const createListener = transport.createListener.bind(transport)
    transport.dial = (address, options) => dial(address, { ...options, upgrader: gatheringUpgrader(options.upgrader) })
    transport.createListener = (options) => createListener({ ...options, upgrader: gatheringUpgrader(options.upgrader) })
    return transport
  }
}

/** Every socket passes by the upgrader before its first byte. */
function gatheringUpgrader(upgrader: DialTransportOptions['upgrader']): Upgrader {
  const gathering = (connection: MultiaddrConnection) => {
    const { socket } = connection as unknown as { socket: unknown }
    if (!(socket instanceof Socket)) throw new TypeError('this version of @libp2p/tcp keeps its socket elsewhere')
    gatherWrites(socket)
    return connection
  }
  return new Proxy(upgrader as Upgrader, {
    get(target, name) {
      if (name === 'upgradeOutbound' || name === 'upgradeInbound') {
        const upgrade = target[name].bind(target) as Upgrader['upgradeOutbound']
        return ((connection, options) => upgrade(gathering(connection), options)) satisfies Upgrader['upgradeOutbound']
      }
      const value: unknown = Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

/** More than this goes out at once: the other end can work on it while we make the next. */
const ENOUGH_BYTES = 16 * 1024

/** Writes wait until the present callback and the promises that it settled have run. */
export function gatherWrites(socket: Socket): void {
  const write = socket.write
  let isCorked = false
  let isFlushDue = false
  const flush = () => {
    if (isCorked) socket.uncork()
    isCorked = false
  }
  const flushLater = () => {
    isFlushDue = false
    flush()
  }
  socket.write = function (this: Socket, ...args: Parameters<typeof write>) {
    if (!isCorked) socket.cork()
    isCorked = true
    const hasRoom = write.apply(this, args)
    if (socket.writableLength >= ENOUGH_BYTES) flush()
    else if (!isFlushDue) {
      isFlushDue = true
      process.nextTick(flushLater)
    }
    return hasRoom
  } as typeof write
}
