import { computeBlock, programOf } from '../job/block-program.ts'
import { bytesToHex } from '../job/bytes.ts'
import type { JobDraft } from '../job/draft.ts'
import type { DryRunReport } from '../job/dry-run-report.ts'
import type { JobInfo } from '../job/info.ts'
import { localJobInfo } from '../job/local-run.ts'
import type { EscrowTerritory } from '../job/offer.ts'
import { priceOfDraft } from '../job/price.ts'
import { type BlockIndex, coveringRange, cutInput } from '../job/slice.ts'
import type { Abortable, Compute } from '../ports.ts'

export interface DryRunOptions extends Abortable {
  /** The escrow that would pay, and the time of its chain in seconds since 1970. @default any, and this machine's */
  payer?: { escrow: EscrowTerritory; nowSeconds: number } | undefined
}

/** Checks the draft as a whole, compiles its code and runs its first block here. Throws InvalidJobInfoError and what Compute.run throws. */
export async function runDry(compute: Compute, draft: JobDraft, { signal, payer }: DryRunOptions = {}): Promise<DryRunReport> {
  const info = localJobInfo(draft)
  const price = priceOfDraft(draft, payer?.nowSeconds ?? Math.floor(Date.now() / 1000), payer?.escrow)
  const program = programOf(info, draft.code)
  const diagnostics = await compute.check(program, { ...(signal && { signal }) })
  const index = { macro: 0, micro: 0, block: 0 }
  const input = inputOf(info, index, draft)
  const [result] = await compute.run(program, [computeBlock(info, index, input)], {
    budgetMs: info.limits.blockMs,
    ...(signal && { signal }),
  })
  if (result === undefined) throw new Error('a run of one block gave no result')
  const { macroJobs, microJobs, blocks } = info.slicing
  return {
    shape: { macroJobs, microJobs, blocks },
    price,
    isPriceChecked: payer !== undefined,
    diagnostics,
    device: await compute.device(),
    data: info.data === null ? 'none' : draft.data ? 'local' : 'zeros',
    block: {
      index: 0,
      inputBytes: input.length,
      outputBytes: result.output.length,
      deviceMs: result.deviceMs,
      hash: bytesToHex(result.hash),
    },
  }
}

/** Data that lies elsewhere is not fetched for a trial: zeros stand for it. */
function inputOf({ slicing }: JobInfo, index: BlockIndex, { data, dataUri }: JobDraft): Uint8Array {
  if (data || dataUri === undefined) return cutInput(slicing, index, data ?? new Uint8Array(0), 0)
  const { offset, length } = coveringRange(slicing, index.macro, index.micro, [index.block])
  return cutInput(slicing, index, new Uint8Array(length), offset)
}
