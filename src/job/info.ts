import { z } from 'zod'
import { InvalidJobInfoError, type Problem } from './errors.ts'
import { FIELD_ORDER } from './field.ts'
import { paymentProblems, paymentSchema } from './payment.ts'
import { problemsOf } from './problems.ts'
import { inputBytesOf, outputBytesOf } from './slice.ts'
import { slicingProblems, slicingSchema } from './slicing.ts'

/** COMPUTE.md fact 8: 292 KiB of statements take 17 s to compile. */
export const MAX_CODE_BYTES = 64 * 1024
/** The parameters travel in JobInfo, one log entry of at most 160 KiB (replica/limits.ts): as CBOR they take up to 20 KiB of it. */
export const MAX_PARAMS = 4096

const MEBIBYTE = 1024 * 1024
const cid = z.string().regex(/^(b[a-z2-7]{20,120}|Qm[1-9A-HJ-NP-Za-km-z]{44})$/, 'expected a CID such as bafkrei…')
const peerId = z.string().regex(/^[1-9A-HJ-NP-Za-km-z]{46,64}$/, 'expected a libp2p peer id such as 12D3KooW…')
const wallet = z.string().regex(/^0x[0-9a-fA-F]{40}$/, 'expected a wallet address such as 0x12…')
const uint = z.string().regex(/^(0|[1-9][0-9]{0,77})$/, 'expected a whole number in decimal digits')
const seed = z
  .string()
  .regex(/^[0-9a-f]{64}$/, 'expected 64 hexadecimal digits')
  .refine((hex) => !/^[0-9a-f]{64}$/.test(hex) || BigInt(`0x${hex}`) < FIELD_ORDER, 'must be below the order of the BN254 scalar field')

const source = {
  /** Where the bytes were published. */
  uri: z.string().min(1).max(2048),
  /** What the bytes are: every peer checks them against it. */
  cid,
}

/** How two results of one block are compared: docs/COMPUTE.md. */
const verification = z.discriminatedUnion('mode', [
  z.strictObject({ mode: z.literal('exact') }),
  /** Only peers of this numeric fingerprint take part. */
  z.strictObject({ mode: z.literal('class'), fingerprint: z.string().regex(/^[0-9a-f]{16,64}$/) }),
  z.strictObject({ mode: z.literal('tolerance'), absolute: z.number().min(0).max(1e30), relative: z.number().min(0).max(1) }),
])

/** What the requester asks for (seeds/001 "Job Placement" 1–3), and nothing that peers observe. */
export const jobInfoSchema = z.strictObject({
  version: z.literal(1),
  name: z.string().min(1).max(80),
  requester: peerId,
  /** The requester's wallet; null for a Job nobody pays for. */
  wallet: wallet.nullable(),
  /** From it come all ids and, with root and beacon, the challenge. */
  seed,
  code: z.strictObject({ ...source, kind: z.literal('wgsl'), bytes: z.int().min(1).max(MAX_CODE_BYTES) }),
  program: z.strictObject({
    workgroupSize: z.int().min(1).max(256),
    /** Invocations of one block. */
    invocations: z
      .int()
      .min(1)
      .max(2 ** 31 - 1),
    prelude: z.array(z.enum(['reproducible-float'])).max(1),
    outputElement: z.enum(['u32', 'f32']),
  }),
  data: z
    .strictObject({
      ...source,
      bytes: z
        .int()
        .min(1)
        .max(2 ** 40),
    })
    .nullable(),
  params: z
    .array(
      z
        .int()
        .min(0)
        .max(2 ** 32 - 1),
    )
    .max(MAX_PARAMS),
  slicing: slicingSchema,
  verification,
  /** What one MicroJob pays, in the token's smallest unit; "0" for a Job that is not paid. */
  unitPriceWei: uint,
  /** Unix time in seconds after which the Job is over; null for none (deadline.ts). */
  deadline: z
    .int()
    .min(0)
    .max(2 ** 40)
    .nullable(),
  /** Left out for a Job that no escrow pays. */
  payment: paymentSchema.optional(),
  limits: z.strictObject({
    /** The most one block may take on a device. */
    blockMs: z
      .int()
      .min(10)
      .max(6 * 3600 * 1000),
    /** A lock that is not renewed so long opens again. */
    leaseMs: z
      .int()
      .min(200)
      .max(3600 * 1000),
    /** The most memory one block may use, input and output together. */
    memoryBytes: z
      .int()
      .min(1)
      .max(1024 * MEBIBYTE),
  }),
  /** How a person would look at the result. */
  presentation: z
    .discriminatedUnion('kind', [z.strictObject({ kind: z.literal('image') }), z.strictObject({ kind: z.literal('bytes') })])
    .nullable(),
})

export type JobInfo = z.infer<typeof jobInfoSchema>

/** The JobInfo in `value`, checked as a whole. Throws InvalidJobInfoError with every problem found. */
export function parseJobInfo(value: unknown): JobInfo {
  const parsed = jobInfoSchema.safeParse(value)
  if (!parsed.success) throw new InvalidJobInfoError(problemsOf(parsed.error, value))
  const problems = jobInfoProblems(parsed.data)
  if (problems.length > 0) throw new InvalidJobInfoError(problems)
  return parsed.data
}

function jobInfoProblems(info: JobInfo): Problem[] {
  const { slicing, program, presentation } = info
  const problems = slicingProblems(slicing, info.data?.bytes ?? null)
  const { output } = slicing
  if (presentation?.kind === 'image' && (output.layout !== 'grid' || output.elementBytes !== 4)) {
    problems.push({ path: 'presentation', message: 'an image needs a grid of 4-byte elements (RGBA)' })
  }
  if (program.outputElement === 'u32' && info.verification.mode === 'tolerance') {
    problems.push({ path: 'verification', message: 'tolerance compares f32 values, the program makes u32' })
  }
  problems.push(...paymentProblems(info))
  const blockBytes = inputBytesOf(slicing) + outputBytesOf(slicing)
  if (blockBytes > info.limits.memoryBytes) {
    problems.push({
      path: 'limits.memoryBytes',
      message: `a block reads and writes ${blockBytes} bytes, ${info.limits.memoryBytes} are allowed`,
    })
  }
  return problems
}
