import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HEADER_WORDS, P } from '../../src/job/abi.ts'
import { computeBlock, programOf } from '../../src/job/block-program.ts'
import { completeDraft, type JobDraft } from '../../src/job/draft.ts'
import { InvalidJobInfoError } from '../../src/job/errors.ts'
import { localJobInfo, runDraftLocally } from '../../src/job/local-run.ts'
import { cutInput } from '../../src/job/slice.ts'
import type { Compute } from '../../src/ports.ts'
import { exampleJobInfo } from '../support/job-info.ts'

const draft: JobDraft = { name: 'draft', code: 'fn main() {}', slicing: { width: 80, height: 40 } }
const { requester, wallet, seed, code, data } = exampleJobInfo()
const placement = { requester, wallet, seed, code: { uri: code.uri, cid: code.cid, bytes: code.bytes }, data: null }

test('a draft of three fields becomes a whole JobInfo', () => {
  const info = completeDraft(draft, placement)
  const { block } = info.slicing.output
  assert.deepEqual(info.program, { workgroupSize: 64, invocations: block.width * block.height, prelude: [], outputElement: 'u32' })
  assert.deepEqual(info.limits, { blockMs: 10_000, leaseMs: 5000, memoryBytes: 256 * 1024 * 1024 })
  assert.deepEqual([info.verification, info.unitPriceWei, info.deadline, info.data, info.params], [{ mode: 'exact' }, '0', null, null, []])
  assert.deepEqual([info.presentation, info.seed, info.requester], [{ kind: 'image' }, seed, requester])
})

test('what the draft says goes before the defaults, undefined does not', () => {
  const own = '1'.repeat(64)
  const program = { workgroupSize: 128, outputElement: 'f32' as const }
  const info = completeDraft({ ...draft, seed: own, program, limits: { blockMs: 77 }, presentation: null }, placement)
  assert.deepEqual(
    [info.seed, info.program.workgroupSize, info.limits.blockMs, info.limits.leaseMs, info.presentation],
    [own, 128, 77, 5000, null],
  )
  const sparse = { ...draft, limits: { blockMs: undefined }, program: { workgroupSize: undefined } } as unknown as JobDraft
  assert.deepEqual(completeDraft(sparse, placement), completeDraft(draft, placement))
})

test('only a grid of 4-byte whole numbers is taken for a picture', () => {
  assert.deepEqual(completeDraft({ ...draft, program: { outputElement: 'f32' } }, placement).presentation, { kind: 'bytes' })
  const sequence = { layout: 'sequence' as const, blockElements: 4 }
  assert.deepEqual(completeDraft({ ...draft, slicing: sequence }, placement).presentation, { kind: 'bytes' })
})

test('a grid with data reads the data as it is, unless it says otherwise', () => {
  const withData = { ...placement, data }
  const { input } = completeDraft({ ...draft, slicing: { width: 64, height: 32, overlap: 3 } }, withData).slicing
  assert.deepEqual([input?.offset, input?.lineStride, input?.overlap, input?.edge], [0, 256, 3, 'clamp'])
  assert.throws(() => completeDraft({ ...draft, slicing: { layout: 'sequence', blockElements: 4 } }, withData), /complete slicing/)
  assert.throws(
    () => completeDraft({ ...draft, slicing: { width: 64, height: 32, input: null } }, withData),
    /is null, but the Job has data/,
  )
})

test('data behind a URI is named by the CID of a file', () => {
  const of = (dataUri: string) => () => localJobInfo({ ...draft, dataUri })
  for (const cid of [data!.cid, 'QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWKPbdG']) of(`ipfs://${cid}`)()
  const key = 'bafzaajaiaejcal72gwuz2or47oyxxn6b3rkwdmmkrxgo3sjxlzw7r7c6h4vlpufe'
  for (const cid of ['notacid', data!.cid.slice(0, -4), '1', key]) {
    assert.throws(
      of(`ipfs://${cid}`),
      (error) => error instanceof InvalidJobInfoError && error.problems[0]?.path === 'data.uri' && /found (what|one)/.test(error.message),
      cid,
    )
  }
})

test('what JavaScript hands over without types is refused, not stumbled over', () => {
  for (const slicing of [undefined, null, 7, 'grid', [], {}, { output: null }, { output: {} }, { layout: 'sequence' }]) {
    assert.throws(() => localJobInfo({ ...draft, slicing } as unknown as JobDraft), InvalidJobInfoError, JSON.stringify(slicing))
  }
})

test('a block’s header says where it is, and the parameters follow', () => {
  const info = exampleJobInfo()
  const index = { macro: 1, micro: 2, block: 3 }
  const { params } = computeBlock(info, index, new Uint8Array(0))
  assert.equal(params.length, HEADER_WORDS + 3)
  assert.deepEqual([...params.subarray(HEADER_WORDS)], info.params)
  const { output } = info.slicing
  const named = (names: (keyof typeof P)[]) => names.map((name) => params[P[name]])
  assert.deepEqual(named(['zero', 'firstInvocation', 'invocations']), [0, 0, 0])
  assert.deepEqual(named(['macroIndex', 'microIndex', 'blockIndex', 'globalBlockIndex']), [1, 2, 3, (1 * 4 + 2) * 4 + 3])
  assert.deepEqual(named(['blockWidth', 'blockHeight', 'gridWidth', 'gridHeight']), [output.block.width, output.block.height, 64, 32])
  assert.deepEqual(named(['overlap', 'inputWidth', 'inputHeight']), [1, output.block.width + 2, output.block.height + 2])
  assert.equal(params[P.x]! % output.block.width, 0)
  assert.ok(params[P.x]! < 64 && params[P.y]! < 32)
})

test('the program asks for exactness where results are compared bit by bit', () => {
  assert.equal(programOf(exampleJobInfo(), '').exact, true)
  assert.equal(programOf(exampleJobInfo({ verification: { mode: 'class', fingerprint: 'a'.repeat(16) } }), '').exact, false)
})

test('a draft run at home computes each block once and puts the result together', async () => {
  const picture = Uint8Array.from({ length: 80 * 40 * 4 }, (_, i) => (i * 7) & 0xff)
  const local: JobDraft = { ...draft, data: picture, slicing: { width: 80, height: 40, macroJobs: 2, microJobs: 4, blocks: 4 } }
  /** A device whose program is the identity; block by block it can only give what it was handed. */
  const identity: Pick<Compute, 'run'> = {
    run: async (_program, blocks, { onBlock }) =>
      blocks.map(({ input }, i) => {
        const result = { output: input, hash: new Uint8Array(32), deviceMs: 0 }
        onBlock?.(i, result)
        return result
      }),
  }
  const seen: string[] = []
  const result = await runDraftLocally(local, identity, { onBlock: ({ macro, micro, block }) => seen.push(`${macro}/${micro}/${block}`) })
  assert.deepEqual(result, picture)
  assert.equal(new Set(seen).size, 2 * 4 * 4)
  const { slicing } = localJobInfo(local)
  assert.equal(
    cutInput(slicing, { macro: 0, micro: 0, block: 0 }, picture, 0).length,
    slicing.output.block.width * slicing.output.block.height * 4,
  )
})

test('data that is empty is told by the field of the draft that names it', () => {
  const empty = { ...placement, data: { uri: code.uri, cid: code.cid, bytes: 0 } }
  const pathsOf = (more: Partial<JobDraft>) => {
    try {
      completeDraft({ ...draft, ...more }, empty)
      return []
    } catch (error) {
      return (error as InvalidJobInfoError).problems.map(({ path }) => path)
    }
  }
  assert.deepEqual(pathsOf({ dataUri: code.uri }), ['data.uri'])
  assert.deepEqual(pathsOf({ data: new Uint8Array(0) }), ['data'])
})
