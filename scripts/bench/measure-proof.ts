import { startChild } from './child.ts'
import type { ProofCosts, ProofWanted } from './settlement-prover.ts'

/** Proves one full chunk in a process of its own, from which its memory is read. Builds circuit and key where they are missing. */
export async function measureProof(wanted: ProofWanted, profiles?: string): Promise<ProofCosts> {
  const child = startChild('settlement-prover.ts', { profiles })
  try {
    return await child.ask<ProofCosts>('measure', wanted)
  } finally {
    await child.stop()
  }
}
