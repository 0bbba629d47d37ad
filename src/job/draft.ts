import type { Cid, PeerId } from '../ports.ts'
import { whyNoCid } from './cid.ts'
import { InvalidJobInfoError } from './errors.ts'
import { fitSequence, fitSlicing, type GridRequest, type SequenceRequest } from './fit.ts'
import { type JobInfo, parseJobInfo } from './info.ts'
import { type EscrowTerritory, type PaymentDraft, paymentFor } from './offer.ts'
import type { Slicing } from './slicing.ts'

const MEBIBYTE = 1024 * 1024

/** What a Job has where its draft says nothing. */
export const DEFAULTS = {
  /** One wavefront of the widest common GPU, two warps of the others. */
  workgroupSize: 64,
  blockMs: 10_000,
  leaseMs: 5_000,
  memoryBytes: 256 * MEBIBYTE,
} as const

/** What a DApp hands to `client.place(draft)`: the Job itself, with everything that has a good default left open. */
export interface JobDraft {
  name: string
  /** WGSL source text, written against the compute ABI (docs/COMPUTE.md). */
  code: string
  /** The bytes that the slicing cuts; null or left out for a Job that computes from its parameters alone. */
  data?: Uint8Array | null
  /** Where the data was published already, in the place of `data`: `ipfs://…`. */
  dataUri?: string
  /** The complete slicing, or only the size of the result: fitSlicing and fitSequence make the rest. */
  slicing: Slicing | GridRequest | SequenceRequest
  /** Words that every block finds from P[16] on. @default none */
  params?: readonly number[]
  /** @default workgroups of 64, one invocation an element of the block, no prelude, `u32` values */
  program?: Partial<JobInfo['program']>
  /** @default exact */
  verification?: JobInfo['verification']
  /** What one MicroJob pays, in the token's smallest unit. @default '0' */
  unitPriceWei?: string
  /** What a paid Job pays beside its MicroJobs, and asks of those who take part. @default a unit price each; the bond that deters */
  payment?: PaymentDraft
  /** Unix time in seconds. @default none; a day from now where the Job is paid */
  deadline?: number | null
  /** @default 10 s a block, 5 s a lease, 256 MiB a block */
  limits?: Partial<JobInfo['limits']>
  /** @default an image where the result is a grid of 4-byte `u32`, else bytes */
  presentation?: JobInfo['presentation']
  /** 64 hexadecimal digits below the BN254 scalar order. @default a random one */
  seed?: string
}

/** What the place where a draft is placed adds to it. */
export interface Placement {
  requester: PeerId
  wallet: string | null
  /** Used where the draft has no seed of its own. */
  seed: string
  code: { uri: string; cid: string; bytes: number }
  data: { uri: string; cid: string; bytes: number } | null
  /** Where there is one, a Job with a unit price is paid by it. */
  escrow?: EscrowTerritory & { defaultDeadline: number }
}

/** The CID in a draft's `dataUri`; whether anybody has it shows when the data is looked for. Throws InvalidJobInfoError. */
export function cidOfUri(uri: string): Cid {
  const cid = /^ipfs:\/\/([A-Za-z0-9]{1,128})$/.exec(uri)?.[1]
  // The URI itself is not repeated: it may carry a password.
  if (cid === undefined) throw new InvalidJobInfoError([{ path: 'data.uri', message: 'expected ipfs://<cid> and nothing behind the CID' }])
  const fault = whyNoCid(cid)
  if (fault !== undefined)
    throw new InvalidJobInfoError([
      { path: 'data.uri', message: `expected the CID of a file behind ipfs://, such as bafkrei…, found ${fault}` },
    ])
  return cid
}

/** True where the draft says that a MicroJob pays something. */
export function hasPrice({ unitPriceWei }: Pick<JobDraft, 'unitPriceWei'>): boolean {
  return /^[1-9][0-9]{0,77}$/.test(unitPriceWei ?? '0')
}

/** The JobInfo of a draft, its code and data published. Throws InvalidJobInfoError with every problem found. */
export function completeDraft(draft: JobDraft, placement: Placement): JobInfo {
  const hasData = placement.data !== null
  const slicing = completeSlicing(draft.slicing, hasData)
  const { output } = slicing
  const program: Partial<JobInfo['program']> = draft.program ?? {}
  const outputElement = program.outputElement ?? 'u32'
  const isPicture = output?.layout === 'grid' && output.elementBytes === 4 && outputElement === 'u32'
  const unitPriceWei = draft.unitPriceWei ?? '0'
  const isPaid = hasPrice(draft)
  return parseOf(draft, {
    version: 1,
    name: draft.name,
    requester: placement.requester,
    wallet: placement.wallet,
    seed: draft.seed ?? placement.seed,
    code: { kind: 'wgsl', ...placement.code },
    program: {
      workgroupSize: DEFAULTS.workgroupSize,
      invocations: output?.block ? output.block.width * output.block.height : 1,
      prelude: [],
      outputElement,
      ...defined(program),
    },
    data: placement.data,
    params: [...(draft.params ?? [])],
    slicing,
    verification: draft.verification ?? { mode: 'exact' },
    unitPriceWei,
    deadline: draft.deadline ?? (isPaid && placement.escrow ? placement.escrow.defaultDeadline : null),
    ...(isPaid &&
      placement.escrow && { payment: paymentFor(placement.escrow, draft.payment ?? {}, unitPriceWei, output ? slicing.microJobs : 1) }),
    limits: { blockMs: DEFAULTS.blockMs, leaseMs: DEFAULTS.leaseMs, memoryBytes: DEFAULTS.memoryBytes, ...defined(draft.limits ?? {}) },
    presentation: draft.presentation === undefined ? { kind: isPicture ? 'image' : 'bytes' } : draft.presentation,
  })
}

/** A description is told of by what its author wrote: of data a draft has no size. */
function parseOf({ dataUri }: JobDraft, value: { data: Placement['data']; [field: string]: unknown }): JobInfo {
  try {
    return parseJobInfo(value)
  } catch (error) {
    if (!(error instanceof InvalidJobInfoError) || value.data?.bytes !== 0) throw error
    const empty = { path: dataUri === undefined ? 'data' : 'data.uri', message: 'expected a file of at least one byte, found an empty one' }
    throw new InvalidJobInfoError(error.problems.map((problem) => (problem.path === 'data.bytes' ? empty : problem)))
  }
}

/** The full slicing of either form; a grid request without a word on its input reads the data as it is, where there is any. */
export function completeSlicing(slicing: JobDraft['slicing'], hasData: boolean): Slicing {
  // DApps are also written in JavaScript; a malformed complete slicing is found by parseJobInfo, with everything else.
  if (typeof slicing !== 'object' || slicing === null) throw new InvalidJobInfoError([{ path: 'slicing', message: 'expected an object' }])
  if ('output' in slicing) return slicing
  if (slicing.layout === 'sequence') {
    if (!hasData) return fitSequence(slicing)
    throw new InvalidJobInfoError([{ path: 'slicing', message: 'a sequence that reads data needs the complete slicing, with its input' }])
  }
  return fitSlicing({ ...slicing, input: slicing.input === undefined && hasData ? {} : (slicing.input ?? null) })
}

/** The fields that are there: a field given as undefined means the default. */
function defined<T extends object>(fields: T): Partial<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<T>
}
