import { z } from 'zod'
import { problemsOf } from '../job/problems.ts'
import { walletAddress } from '../protocol/wallet.ts'
import { ClientSettingsError } from './errors.ts'

const secret = z.custom<Uint8Array>((value) => value instanceof Uint8Array && value.length === 32, 'expected a Uint8Array of 32 bytes')

/** Not all 32 bytes are a secret of secp256k1: 0 is none, nor is what reaches the order of its group. */
const walletSecret = secret.refine(isWalletKey, {
  error: 'expected a secret of secp256k1, from 1 to below the order of its group',
  abort: true,
})

/** What a client calls, and its network, its logs and its blocks do. */
const LOGGER = ['error', 'warn', 'info', 'debug', 'child']
const CHAIN = ['rules', 'job', 'open', 'cancel', 'head', 'events', 'nextAttempt', 'attempt', 'settled', 'stake', 'stop']

/** A timer takes no longer time, and ends at once where it is given one. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1

/** A misspelt name is none of these fields, and is told. */
const initSchema = z.strictObject({
  bootstrap: z.array(z.string()).min(1),
  privateKey: secret.optional(),
  walletKey: walletSecret.optional(),
  chain: z.custom((value) => lacking(value, CHAIN).length === 0, 'expected a chain as connectChain gives it').optional(),
  logger: z.custom((value) => lacking(value, LOGGER).length === 0, 'expected a logger').optional(),
  signal: z.instanceof(AbortSignal, { error: 'expected an AbortSignal' }).optional(),
  timeoutMs: z.number().positive().max(MAX_TIMEOUT_MS).optional(),
})

/** Throws ClientSettingsError with all that is wrong: DApps are written in JavaScript too. */
export function checkInit(init: unknown): void {
  const { error } = initSchema.safeParse(init)
  if (error) throw new ClientSettingsError(problemsOf(error, tellable(init)))
}

/** What a key was found to be may be told, and never the key: errors end in logs. Of an object, what it lacks says more than what it has. */
function tellable(init: unknown): unknown {
  if (typeof init !== 'object' || init === null) return init
  const { privateKey, walletKey, chain, logger } = init as Record<string, unknown>
  return {
    ...init,
    privateKey: kindOf(privateKey),
    walletKey: kindOf(walletKey),
    chain: lackOf(chain, CHAIN),
    logger: lackOf(logger, LOGGER),
  }
}

function kindOf(key: unknown): string {
  if (!(key instanceof Uint8Array)) return typeof key
  return key.length === 32 ? '32 bytes of another value' : `${key.length} bytes`
}

function lackOf(value: unknown, methods: readonly string[]): string {
  const isObject = typeof value === 'object' && value !== null
  return isObject ? `an object without ${lacking(value, methods).join(', ')}` : String(value)
}

/** The methods that it does not have. */
function lacking(value: unknown, methods: readonly string[]): readonly string[] {
  if (typeof value !== 'object' || value === null) return methods
  return methods.filter((name) => typeof (value as Record<string, unknown>)[name] !== 'function')
}

function isWalletKey(key: Uint8Array): boolean {
  try {
    walletAddress(key)
    return true
  } catch {
    return false
  }
}
