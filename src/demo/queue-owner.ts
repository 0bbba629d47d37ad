import { readFile } from 'node:fs/promises'
import type { PeerId } from '../ports.ts'
import type { Member } from './member.ts'

/*
 * Records do not tell who owns a queue: only its workers need to know. At level `debug`, peers say that they begin to work on a MacroJob; who does so first
 * founds its queue and owns it. Where several work on one, they say whenever its owner is another.
 */
const BEGUN = 'working on a MacroJob'
const CHANGED = 'queue owner'

interface Line {
  time: string
  msg: string
  /** Of BEGUN. */
  macro?: number
  /** Of CHANGED: the owner. */
  peer?: PeerId
}

/** The owner of a queue that is at work: of the one that changed hands last, or else of the one that was founded last. */
export async function lastQueueOwner(peers: readonly Member[]): Promise<PeerId | undefined> {
  const told = await Promise.all(peers.map(async (member) => (await linesOf(member)).map((line) => ({ ...line, teller: member.peer }))))
  const lines = told.flat().sort((a, b) => (a.time < b.time ? -1 : 1))
  const changed = lines.findLast(({ msg }) => msg === CHANGED)?.peer
  if (changed !== undefined) return changed
  const founders = new Map<number | undefined, PeerId>()
  for (const { msg, macro, teller } of lines) if (msg === BEGUN && !founders.has(macro)) founders.set(macro, teller)
  return [...founders.values()].at(-1)
}

async function linesOf({ logFile }: Member): Promise<Line[]> {
  const lines = (await readFile(logFile, 'utf8')).split('\n')
  return lines.filter((line) => [BEGUN, CHANGED].some((msg) => line.endsWith(`"msg":"${msg}"}`))).map((line) => JSON.parse(line) as Line)
}
