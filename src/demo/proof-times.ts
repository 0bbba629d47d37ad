import { readFile } from 'node:fs/promises'
import type { Member } from './member.ts'

/** How long the last proof of each peer took, in milliseconds, by the peer's name, as its log says. */
export async function readProofTimes(members: readonly Member[]): Promise<Map<string, number>> {
  const found = new Map<string, number>()
  for (const { name, logFile } of members) {
    const line = (await readFile(logFile, 'utf8')).split('\n').findLast((text) => text.includes('"msg":"proved"'))
    const proofMs = line === undefined ? undefined : (JSON.parse(line) as { proofMs: number }).proofMs
    if (proofMs !== undefined) found.set(name, proofMs)
  }
  return found
}
