import type { Abortable, Compute } from '../ports.ts'
import { computeBlock, programOf } from './block-program.ts'
import { cidOfUri, completeDraft, type JobDraft, type Placement } from './draft.ts'
import { formProblems } from './draft-form.ts'
import { InvalidJobInfoError, type Problem } from './errors.ts'
import type { JobInfo } from './info.ts'
import { type BlockIndex, cutInput, pasteOutput, resultBytesOf } from './slice.ts'

/** Stands for what only a placed Job has; nothing is computed from it. */
const NOWHERE = { uri: 'local:', cid: `bafkrei${'a'.repeat(52)}` }
const NOBODY = `12D3KooW${'1'.repeat(44)}`
const NO_WALLET = `0x${'0'.repeat(40)}`

/** The most that a Job's data may have: data behind a URI has its size when it is found, and until then it is large enough. */
const UNKNOWN_BYTES = 2 ** 40

/** The JobInfo that a draft would become, for work that never leaves this machine; with an escrow, as a paid Job. Throws InvalidJobInfoError. */
export function localJobInfo(draft: JobDraft, escrow?: Placement['escrow']): JobInfo {
  const problems = formProblems(draft)
  if (problems.length > 0) throw new InvalidJobInfoError(problems)
  const bytes = draft.data?.length ?? (draft.dataUri === undefined ? 0 : UNKNOWN_BYTES)
  if (draft.dataUri !== undefined) cidOfUri(draft.dataUri)
  const data = draft.data || bytes > 0 ? { ...NOWHERE, bytes } : null
  const code = { ...NOWHERE, bytes: new TextEncoder().encode(draft.code).length }
  const payer = escrow === undefined ? { wallet: null } : { wallet: NO_WALLET, escrow }
  return completeDraft(draft, { requester: NOBODY, ...payer, seed: '0'.repeat(64), code, data })
}

/** What is wrong with a draft, as far as it shows before its data is looked for. */
export function problemsOfDraft(draft: JobDraft): readonly Problem[] {
  try {
    localJobInfo(draft)
    return []
  } catch (error) {
    if (error instanceof InvalidJobInfoError) return error.problems
    throw error
  }
}

export interface LocalRunOptions extends Abortable {
  /** Called as each block completes. */
  onBlock?: (index: BlockIndex, hash: Uint8Array) => void
}

/** The whole result of a draft, its blocks computed one after another on this machine. Throws what Compute.run throws. */
export async function runDraftLocally(draft: JobDraft, compute: Pick<Compute, 'run'>, options: LocalRunOptions = {}): Promise<Uint8Array> {
  const info = localJobInfo(draft)
  const result = new Uint8Array(resultBytesOf(info.slicing))
  for (let macro = 0; macro < info.slicing.macroJobs; macro++) {
    for (let micro = 0; micro < info.slicing.microJobs; micro++) {
      const indices = Array.from({ length: info.slicing.blocks }, (_, block) => ({ macro, micro, block }))
      const results = await runBlocksLocally(info, draft, compute, indices, options)
      for (const [i, output] of results.entries()) pasteOutput(info.slicing, indices[i]!, output, result)
    }
  }
  return result
}

/** The outputs of some blocks of a draft, in the order of `indices`: one block of it is a dry run. Throws what Compute.run throws. */
export async function runBlocksLocally(
  info: JobInfo,
  draft: Pick<JobDraft, 'code' | 'data'>,
  compute: Pick<Compute, 'run'>,
  indices: readonly BlockIndex[],
  { signal, onBlock }: LocalRunOptions = {},
): Promise<Uint8Array[]> {
  const data = draft.data ?? new Uint8Array(0)
  const blocks = indices.map((index) => computeBlock(info, index, cutInput(info.slicing, index, data, 0)))
  const results = await compute.run(programOf(info, draft.code), blocks, {
    ...(signal && { signal }),
    budgetMs: info.limits.blockMs,
    onBlock: (i, { hash }) => onBlock?.(indices[i]!, hash),
  })
  return results.map(({ output }) => output)
}
