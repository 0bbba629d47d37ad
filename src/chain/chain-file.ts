import { getAddress, isAddress } from 'ethers'
import { z } from 'zod'
import { hiddenUrl } from '../hidden-url.ts'
import { problemsOf } from '../job/problems.ts'

/** Endpoints that one file may name; more give no more safety. */
const MAX_URLS = 8

const address = z
  .string()
  .refine((text) => isAddress(text), 'expected an address')
  .transform((text) => getAddress(text))

const sizeClass = z.strictObject({
  verifier: address,
  verificationKeyHash: z.string().regex(/^0x[0-9a-f]{64}$/, 'expected 0x and 64 digits'),
})

const schema = z.strictObject({
  format: z.literal('minga-chain/1'),
  chainId: z.int().min(1),
  rpc: z.array(z.string().max(2048)).min(1).max(MAX_URLS),
  escrow: address,
  token: address,
  /** The block of the escrow's deployment: it has no events before. */
  deployedAt: z.int().min(0),
  /** By the circuit's name. */
  verifiers: z.record(z.string().max(32), sizeClass),
  /** Of a development chain: wallets whose keys everybody knows. */
  development: z
    .strictObject({
      wallets: z.array(z.strictObject({ address, key: z.string().regex(/^0x[0-9a-f]{64}$/) })).max(64),
    })
    .optional(),
})

/** A chain and what stands on it, as `minga devnet` writes it and peers and clients read it. */
export type ChainFile = z.infer<typeof schema>

/** The chain file in JSON. Throws an Error that names what is wrong first. */
export function parseChainFile(value: unknown): ChainFile {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const [first] = problemsOf(parsed.error, withoutKeys(value))
  throw new Error(`${first!.path || 'the file'}: ${first!.message}`)
}

/** What stands where endpoints should may be shown, but for the keys in it. */
function withoutKeys(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('rpc' in value)) return value
  const { rpc } = value
  const shown = (part: unknown) => (typeof part === 'string' ? hiddenUrl(part) : part)
  return { ...value, rpc: Array.isArray(rpc) ? rpc.map(shown) : shown(rpc) }
}
