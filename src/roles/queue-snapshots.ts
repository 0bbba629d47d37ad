import type { QueueSnapshot } from '../job/queue.ts'
import type { Abortable, PeerId, Streams } from '../ports.ts'
import { queueSnapshotCodec, queueSnapshotRequestCodec, queueSnapshotStream } from '../protocol/queue-messages.ts'
import { UnknownQueueError } from './queue-errors.ts'

/** All queues of this peer behind one stream protocol: a peer that missed something asks another for its whole view. */
export interface QueueSnapshots {
  /** Answers for the queue of `macroId` until the returned function is called. */
  register(macroId: string, give: () => QueueSnapshot): () => void
  /** `peer`'s view of the queue. Throws StreamTimeoutError, StreamRefusedError, PeerUnreachableError, CodecError. */
  fetch(peer: PeerId, macroId: string, options?: Abortable): Promise<QueueSnapshot>
  /** Idempotent. */
  close(): Promise<void>
}

export async function createQueueSnapshots({ streams }: { streams: Streams }): Promise<QueueSnapshots> {
  const queues = new Map<string, () => QueueSnapshot>()

  const stop = await streams.serve(queueSnapshotStream, async function* (request) {
    const { macroId } = queueSnapshotRequestCodec.decode(request)
    const give = queues.get(macroId)
    if (give === undefined) throw new UnknownQueueError(macroId)
    yield queueSnapshotCodec.encode(give())
  })

  return {
    register(macroId, give) {
      queues.set(macroId, give)
      return () => {
        if (queues.get(macroId) === give) queues.delete(macroId)
      }
    },
    async fetch(peer, macroId, options) {
      const request = queueSnapshotRequestCodec.encode({ macroId })
      for await (const frame of streams.request(peer, queueSnapshotStream, request, options)) return queueSnapshotCodec.decode(frame)
      throw new UnknownQueueError(macroId)
    },
    async close() {
      queues.clear()
      await stop()
    },
  }
}
