import type { Draw } from './bench.ts'
import { bytesToBigInt, equalBytes } from './bytes.ts'
import { chunkState } from './chunk.ts'
import { slotsOf } from './escrow-proposal.ts'
import { hexToField } from './field.ts'
import type { JobInfo } from './info.ts'
import { openedReveal } from './openings.ts'
import { escrowIdOf, isPaid, sizeClassOf } from './payment.ts'
import type { SettlementChunk } from './settlement/chunk.ts'
import { elementsOf, walletToField } from './settlement/hashes.ts'
import { splitByPayees } from './settlement/payouts.ts'
import type { JobView } from './view.ts'

/** One call of the escrow's `settle`, up to the proof. */
export interface PlannedSettlement {
  chunk: number
  attempt: number
  /** What the proof is made of. */
  statement: SettlementChunk
  /** One bit a counted MacroJob. */
  counted: bigint
  /** The validators' words, in the order of the counted bits. */
  validations: { verdict: bigint; signature: Uint8Array }[]
}

/** The calls that pay `macros`, agreed in `attempt` of the chunk: one, unless more wallets took part than one proof has room for. */
export function planSettlements(
  view: JobView,
  info: JobInfo,
  chunk: number,
  attempt: number,
  macros: readonly number[],
): PlannedSettlement[] {
  const found = chunkState(view, info, chunk).attempts[attempt]
  const draw = found?.draw
  if (found === undefined || draw === undefined || !isPaid(info)) return []
  const proposal = found.proposals.find(({ root }) => equalBytes(root, draw.root))
  if (proposal === undefined) return []
  const { microJobs, blocks, chunkMacroJobs } = info.slicing
  const firstMacro = chunk * chunkMacroJobs
  const { agreed } = chunkState(view, info, chunk)
  const rows = slotsOf(view, info, draw.record, proposal.leaves).map((row, index) => {
    const verdict = macros.includes(firstMacro + index) ? agreed.get(firstMacro + index) : undefined
    const opened = verdict && openedElements(view, draw, firstMacro + index, index)
    if (verdict === undefined || opened === undefined) return row
    const validator = walletToField(view.peers.get(verdict.validator)?.wallet as string)
    return { ...row, counted: { validator, opened } }
  })
  const base = {
    seed: hexToField(info.seed),
    jobId: escrowIdOf(info, view.jobId),
    beacon: bytesToBigInt(draw.beacon),
    firstMacro,
    microJobs,
    blocks,
  }
  return splitByPayees(rows, sizeClassOf(info).payees).map((indices) => {
    const macroJobs = rows.map((row, index) => (indices.includes(index) ? row : { slots: row.slots }))
    const counted = indices.reduce((bits, index) => bits | (1n << BigInt(index)), 0n)
    const validations = indices.flatMap((index) => {
      const signed = agreed.get(firstMacro + index)?.verdict
      return signed === undefined ? [] : [{ verdict: bytesToBigInt(signed.verdict), signature: signed.signature }]
    })
    return { chunk, attempt, statement: { ...base, macroJobs }, counted, validations }
  })
}

/** The elements of the MicroJob that the draw opens. */
function openedElements(view: JobView, draw: Draw, macro: number, index: number): bigint[] | undefined {
  const micro = draw.opened?.[index]?.micro
  const pick = draw.record.picks.find((candidate) => candidate.macro === macro)
  if (micro === undefined || pick === undefined) return undefined
  const author = draw.record.authors[pick.by[micro] as number] as string
  const reveal = openedReveal(view, macro, micro, author, pick.at[micro] as number)
  return reveal && elementsOf(reveal.salt, reveal.blockHashes)
}
