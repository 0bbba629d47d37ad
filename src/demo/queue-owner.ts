import { readFile } from 'node:fs/promises'
import type { PeerId } from '../ports.ts'
import type { Member } from './member.ts'

/** What peers log at level `debug`. Records do not tell who owns a queue: only its workers need to know. */
const MESSAGE = 'queue owner'

/** The owner of the queue that changed hands last, as the logs of these peers say. */
export async function lastQueueOwner(peers: readonly Member[]): Promise<PeerId | undefined> {
  let last: { time: string; peer: PeerId } | undefined
  for (const { logFile } of peers) {
    const line = (await readFile(logFile, 'utf8')).split('\n').findLast((text) => text.includes(`"${MESSAGE}"`))
    const found = line === undefined ? undefined : (JSON.parse(line) as { time: string; peer: PeerId })
    if (found !== undefined && (last === undefined || found.time > last.time)) last = found
  }
  return last?.peer
}
