import { z } from 'zod'
import { InvalidPinnedKeyError } from './errors.ts'

const digits = z.string().regex(/^(0|[1-9][0-9]{0,77})$/)
const hash = z.string().regex(/^[0-9a-f]{64}$/)
const g1 = z.tuple([digits, digits, z.literal('1')])
const g2 = z.tuple([z.tuple([digits, digits]), z.tuple([digits, digits]), z.tuple([z.literal('1'), z.literal('0')])])

const verificationKeySchema = z.object({
  protocol: z.literal('groth16'),
  curve: z.literal('bn128'),
  // The statement has three public signals; a little room for other circuits.
  nPublic: z.int().min(1).max(16),
  vk_alpha_1: g1,
  vk_beta_2: g2,
  vk_gamma_2: g2,
  vk_delta_2: g2,
  IC: z.array(g1).max(17),
})

const pinnedKeySchema = z.object({
  name: z.string().min(1).max(40),
  /** True where anybody can forge proofs under the key. */
  insecure: z.boolean(),
  constraints: z.int().min(1),
  /** SHA-256 of the files, and of the verification key's compact JSON. */
  sha256: z.object({ r1cs: hash, wasm: hash, zkey: hash, verificationKey: hash }),
  verificationKey: verificationKeySchema,
})

/** What is committed of a key (circuits/keys): the hashes of its files, and what verifies proofs. */
export type PinnedKey = z.infer<typeof pinnedKeySchema>
export type VerificationKey = PinnedKey['verificationKey']

/** The pinned key in `value`, parsed from its JSON file. Throws InvalidPinnedKeyError. */
export function parsePinnedKey(value: unknown): PinnedKey {
  const parsed = pinnedKeySchema.safeParse(value)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw new InvalidPinnedKeyError(`${issue!.path.join('.')}: ${issue!.message}`)
  }
  const { nPublic, IC } = parsed.data.verificationKey
  if (IC.length !== nPublic + 1) throw new InvalidPinnedKeyError(`${IC.length} points for ${nPublic} public signals`)
  return parsed.data
}
