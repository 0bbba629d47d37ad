import type { ChunkMacroJob } from './chunk.ts'
import type { Payee } from './signals.ts'

/** What the counted MacroJobs pay, by wallet in ascending order. */
export function payoutsOf(macroJobs: readonly ChunkMacroJob[]): Payee[] {
  const payees = new Map<bigint, Payee>()
  const payee = (wallet: bigint) => {
    const known = payees.get(wallet) ?? { wallet, processed: 0, validated: 0 }
    payees.set(wallet, known)
    return known
  }
  for (const { slots, counted } of macroJobs) {
    if (counted === undefined) continue
    for (const { wallet } of slots) payee(wallet).processed++
    payee(counted.validator).validated++
  }
  return [...payees.values()].sort((a, b) => (a.wallet < b.wallet ? -1 : 1))
}

/**
 * The counted MacroJobs in as few settlements as a simple filling gives, each with at most `room` payees: lists of indices. A single MacroJob
 * always fits, since every circuit has more rows for payees than MicroJobs in a MacroJob.
 */
export function splitByPayees(macroJobs: readonly ChunkMacroJob[], room: number): number[][] {
  const batches: number[][] = []
  let wallets = new Set<bigint>()
  for (const [i, { slots, counted }] of macroJobs.entries()) {
    if (counted === undefined) continue
    const own = [...slots.map(({ wallet }) => wallet), counted.validator]
    const joined = new Set([...wallets, ...own])
    const fits = batches.length > 0 && joined.size <= room
    if (fits) batches.at(-1)!.push(i)
    else batches.push([i])
    wallets = fits ? joined : new Set(own)
  }
  return batches
}
