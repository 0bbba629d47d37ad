import type { JobId } from '../job/ids.ts'
import type { PeerId, Streams } from '../ports.ts'
import { type HoldReply, holdReplyCodec, holdRequestCodec } from '../protocol/messages.ts'
import { NoHolderError } from './errors.ts'
import { HOLD_SPEC } from './holder.ts'
import type { PlaceOptions, RequesterComponents } from './placing.ts'

/** Peers that are asked to hold a Job: one can fail, and a third copy costs the requester's line more than it gives. */
const HOLDERS_WANTED = 2

/** Adds who took the Job to `holders`, also where it ends with an error. Throws NoHolderError. */
export async function findHolders(
  components: Pick<RequesterComponents, 'holders' | 'streams'>,
  jobId: JobId,
  holders: PeerId[],
  { signal, onProgress, onWarning }: PlaceOptions,
) {
  const candidates = components.holders()
  const refusals: string[] = []
  for (const peer of candidates) {
    if (holders.length >= HOLDERS_WANTED) break
    const reply = await askToHold(components.streams, peer, jobId, signal)
    if (reply?.type === 'held') holders.push(peer)
    signal?.throwIfAborted()
    if (reply?.type === 'held') onProgress?.(`${holders.length} peer(s) hold the Job`)
    else refusals.push(reply?.type === 'refused' ? refusalOf(reply) : 'no answer')
    if (reply?.type === 'refused' && reply.code === 'no-chain')
      onWarning?.(`${peer} does not hold the Job: it was not given the chain that pays`)
  }
  if (holders.length === 0) throw new NoHolderError(candidates.length, refusals)
}

/** What a holder says, in words of ours. */
const refusalOf = ({ code, reason }: Extract<HoldReply, { type: 'refused' }>) => (reason === undefined ? code : `${code}: ${FULL[reason]}`)

const FULL = {
  disk: 'its disk has no room for the Job and its results',
  places: 'all its places are taken',
  requester: 'you have as many open Jobs there as one key may have',
  network: 'your network has as many open Jobs there as one may have',
}

async function askToHold(streams: Streams, peer: PeerId, jobId: JobId, signal?: AbortSignal): Promise<HoldReply | undefined> {
  let last: HoldReply | undefined
  try {
    const request = holdRequestCodec.encode({ jobId })
    for await (const frame of streams.request(peer, HOLD_SPEC, request, { ...(signal && { signal }) })) last = holdReplyCodec.decode(frame)
  } catch {
    // The next candidate is asked; with none left, NoHolderError says how many were.
    return undefined
  }
  return last
}
