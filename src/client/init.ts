import { z } from 'zod'
import { problemsOf } from '../job/problems.ts'
import { ClientSettingsError } from './errors.ts'

const secret = z.custom<Uint8Array>((value) => value instanceof Uint8Array && value.length === 32, 'expected a Uint8Array of 32 bytes')

/** Of a chain, a logger and a signal it is enough that they are there; a misspelt name is none of these fields, and is told. */
const initSchema = z.strictObject({
  bootstrap: z.array(z.string()).min(1),
  privateKey: secret.optional(),
  walletKey: secret.optional(),
  chain: z.object({}).loose().optional(),
  logger: z.object({}).loose().optional(),
  signal: z.instanceof(AbortSignal, { error: 'expected an AbortSignal' }).optional(),
  timeoutMs: z.number().positive().optional(),
})

/** Throws ClientSettingsError with all that is wrong: DApps are written in JavaScript too. */
export function checkInit(init: unknown): void {
  const { error } = initSchema.safeParse(init)
  if (error) throw new ClientSettingsError(problemsOf(error, withoutSecrets(init)))
}

/** What a key was found to be may be told, and never the key: errors end in logs. */
function withoutSecrets(init: unknown): unknown {
  if (typeof init !== 'object' || init === null) return init
  const { privateKey, walletKey } = init as { privateKey?: unknown; walletKey?: unknown }
  return { ...init, privateKey: kindOf(privateKey), walletKey: kindOf(walletKey) }
}

const kindOf = (key: unknown) => (key instanceof Uint8Array ? `${key.length} bytes` : typeof key)
