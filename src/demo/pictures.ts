import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ResultsUnwritableError } from '../cli/errors.ts'
import { makeDirectory } from '../directories-node.ts'
import type { JobReport } from '../job/report.ts'
import type { Slicing } from '../job/slicing.ts'
import type { Picture } from '../pictures/decode.ts'
import type { Abortable } from '../ports.ts'
import type { Casualty, PeerFacts } from './facts.ts'
import type { MapInit } from './map.ts'
import { inStudio } from './studio.ts'

export interface PicturesInit extends Abortable {
  directory: string
  original: Picture
  result: Picture
  slicing: Slicing
  report: JobReport
  peers: readonly PeerFacts[]
  killed: Casualty | null
}

/** Writes `original.png`, `result.png` and `map.png`; gives their paths. Throws ResultsUnwritableError. */
export async function writePictures(init: PicturesInit): Promise<string[]> {
  const { directory, original, result, signal } = init
  const options = { ...(signal && { signal }) }
  const [before, after, map] = await Promise.all([
    inStudio('png', original, options),
    inStudio('png', result, options),
    inStudio('map', mapOf(init), options),
  ])
  const files = { 'original.png': before, 'result.png': after, 'map.png': map }
  await unlessUnwritable(directory, async () => {
    for (const [name, bytes] of Object.entries(files)) await writeFile(join(directory, name), bytes)
  })
  return Object.keys(files).map((name) => join(directory, name))
}

/** Makes the directory for the pictures: at the start, since a minute later is late to hear that it cannot be. Throws ResultsUnwritableError. */
export async function makeRoomForPictures(directory: string): Promise<void> {
  await unlessUnwritable(directory, () => makeDirectory(directory))
}

async function unlessUnwritable(directory: string, write: () => Promise<unknown>): Promise<void> {
  try {
    await write()
  } catch (error) {
    throw new ResultsUnwritableError(directory, error)
  }
}

function mapOf({ result, slicing, report, peers, killed }: PicturesInit): MapInit {
  const indexOf = (id: string) => peers.findIndex(({ peer }) => peer === id)
  const { macroJobs, microJobs, blocks } = slicing
  return {
    picture: result,
    slicing,
    title: report.name,
    subtitle: `${macroJobs} × ${microJobs} MicroJobs of ${blocks} blocks`,
    peers: peers.map((peer) => ({ name: peer.name, note: noteOf(peer, killed) })),
    macroJobs: report.macroJobs.map(({ microJobs, validator }) => ({
      computedBy: microJobs.map(({ peer }) => indexOf(peer)),
      validatedBy: indexOf(validator),
    })),
    lost: killed && { peer: indexOf(killed.peer), microJobs: killed.itsMicroJobs },
  }
}

function noteOf({ peer, processed, validated, culprit }: PeerFacts, killed: Casualty | null): string {
  if (culprit) return 'caught cheating'
  if (killed?.peer !== peer) return `${processed} computed · ${validated} validated`
  return `killed: ${killed.itsMicroJobs.length} done again`
}
