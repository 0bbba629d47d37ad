import { bytesToHex, hashOf, uint32 } from '../job/bytes.ts'
import type { Cid, Vault } from '../ports.ts'

/** What a peer needs to open one of its commits later. */
export interface KeptOpening {
  blockHashes: Uint8Array[]
  salt: Uint8Array
  cid: Cid
}

/** The salt of a commit, derived from the Job's secret, so that a lost note of it is no lost MicroJob. */
export function saltOf(secret: Uint8Array, macro: number, micro: number, attempt: number): Uint8Array {
  return hashOf('salt', secret, uint32(macro), uint32(micro), uint32(attempt))
}

const keyOfOpening = (macro: number, micro: number, attempt: number) => `${macro}/${micro}/${attempt}`

/** Keeps the opening before the commit is written: a commit that cannot be opened is work for nothing. */
export async function keepOpening(vault: Vault, jobId: string, macro: number, micro: number, attempt: number, opening: KeptOpening) {
  const text = JSON.stringify({ blockHashes: opening.blockHashes.map((hash) => bytesToHex(hash)), cid: opening.cid })
  await vault.put(jobId, keyOfOpening(macro, micro, attempt), new TextEncoder().encode(text))
}

export async function findOpening(vault: Vault, jobId: string, secret: Uint8Array, macro: number, micro: number, attempt: number) {
  const bytes = await vault.get(jobId, keyOfOpening(macro, micro, attempt))
  if (bytes === undefined) return undefined
  const { blockHashes, cid } = JSON.parse(new TextDecoder().decode(bytes)) as { blockHashes: string[]; cid: Cid }
  const fromHex = (hex: string) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
  return { blockHashes: blockHashes.map(fromHex), cid, salt: saltOf(secret, macro, micro, attempt) }
}
