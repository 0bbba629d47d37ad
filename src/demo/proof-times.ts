import { readFile } from 'node:fs/promises'
import type { Member } from './member.ts'

/** What a proof was made for. */
export interface ProofKey {
  /** Of the peer. */
  name: string
  chunk: number
  attempt: number
  macroJobs: number
}

/** How long a peer's proof took, in milliseconds, as its log says; undefined where it says nothing. */
export async function readProofTimes(members: readonly Member[]): Promise<(proof: ProofKey) => number | undefined> {
  const found = new Map<string, number>()
  for (const { name, logFile } of members) {
    const lines = (await readFile(logFile, 'utf8')).split('\n').filter((line) => line.endsWith('"msg":"proved"}'))
    for (const line of lines) {
      const { proofMs, ...proof } = JSON.parse(line) as Omit<ProofKey, 'name'> & { proofMs: number }
      found.set(keyOf({ ...proof, name }), proofMs)
    }
  }
  return (proof) => found.get(keyOf(proof))
}

const keyOf = ({ name, chunk, attempt, macroJobs }: ProofKey) => `${name}/${chunk}/${attempt}/${macroJobs}`
