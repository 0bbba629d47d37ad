import { z } from 'zod'
import type { Problem } from './errors.ts'
import { jobInfoSchema } from './info.ts'
import { paymentSchema } from './payment.ts'
import { problemsOf } from './problems.ts'
import { parseSlicingRequest } from './slicing-request.ts'

const { name, params, program, verification, unitPriceWei, deadline, limits, presentation, seed } = jobInfoSchema.shape

/** What of a Job's description its author may leave open, in a draft as in a job file. */
export const openFields = {
  name,
  params: params.optional(),
  program: program.partial().optional(),
  verification: verification.optional(),
  unitPriceWei: unitPriceWei.optional(),
  payment: paymentSchema.omit({ chainId: true, escrow: true }).partial().optional(),
  deadline: deadline.optional(),
  limits: limits.partial().optional(),
  presentation: presentation.optional(),
  seed: seed.optional(),
}

const draftSchema = z.strictObject({
  ...openFields,
  code: z.string().min(1),
  data: z
    .custom<Uint8Array>((value) => value instanceof Uint8Array, 'expected a Uint8Array')
    .nullable()
    .optional(),
  dataUri: z.string().optional(),
  /** Which schema it follows depends on what it holds. */
  slicing: z.unknown().optional(),
})

/**
 * What is wrong with the form of a draft: fields that are missing, unknown or of another kind. DApps are written in JavaScript too, and a misspelt
 * `unitPriceWei` that went unnoticed would place a Job that nobody is paid for.
 */
export function formProblems(draft: unknown): Problem[] {
  const { error } = draftSchema.safeParse(draft)
  const problems = error ? problemsOf(error, draft) : []
  if (typeof draft !== 'object' || draft === null || Array.isArray(draft)) return problems
  const { slicing, data, dataUri } = draft as { slicing?: unknown; data?: unknown; dataUri?: unknown }
  problems.push(...parseSlicingRequest(slicing).problems)
  if (data && dataUri !== undefined) problems.push({ path: 'dataUri', message: 'expected data or dataUri, found both' })
  return problems
}
