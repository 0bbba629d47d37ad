import { readPlainFile } from '../plain-file-node.ts'
import type { ChainInit } from './chain.ts'
import { type ChainFile, parseChainFile } from './chain-file.ts'
import { defaultsOf, MAX_TIP_WEI } from './defaults.ts'
import { ChainFileError, NoChainError } from './errors.ts'

/** What the settings say of the chain; the same names as in the configuration. */
export interface ChainSettings {
  file: string | undefined
  rpc: readonly string[]
  id: number | undefined
  escrow: string | undefined
  token: string | undefined
  maxFee: bigint
  confirmations: number | undefined
  pollMs: number | undefined
  giveUpMs: number
}

/** What is known of a chain before anyone speaks to it. */
export interface ResolvedChain extends Omit<ChainInit, 'walletKey' | 'signal' | 'journal'> {
  /** The first block that can hold events of the escrow. */
  deployedAt: number
  /** SHA-256 of the verification keys that the chain file names, by the circuit's name. */
  verificationKeys: Readonly<Record<string, string>>
}

/** The settings' chain: each setting goes before the chain file. Throws NoChainError with all that is missing, ChainFileError. */
export async function resolveChain(settings: ChainSettings, { rpcMs }: { rpcMs: number }): Promise<ResolvedChain> {
  const file = settings.file === undefined ? undefined : await readChainFile(settings.file)
  const rpcUrls = settings.rpc.length > 0 ? settings.rpc : (file?.rpc ?? [])
  const chainId = settings.id ?? file?.chainId
  const escrow = settings.escrow ?? file?.escrow
  const token = settings.token ?? file?.token
  if (rpcUrls.length === 0 || chainId === undefined || escrow === undefined || token === undefined) {
    const parts = { 'chain.rpc': rpcUrls[0], 'chain.id': chainId, 'chain.escrow': escrow, 'chain.token': token }
    throw new NoChainError(Object.entries(parts).flatMap(([name, value]) => (value === undefined ? [name] : [])))
  }
  return {
    ...defaultsOf(chainId),
    rpcUrls,
    chainId,
    escrow,
    token,
    timeoutMs: rpcMs,
    fees: { capWei: settings.maxFee, maxTipWei: MAX_TIP_WEI },
    giveUpMs: settings.giveUpMs,
    ...(settings.pollMs !== undefined && { pollingIntervalMs: settings.pollMs }),
    ...(settings.confirmations !== undefined && { confirmations: settings.confirmations }),
    deployedAt: file?.deployedAt ?? 0,
    verificationKeys: Object.fromEntries(
      Object.entries(file?.verifiers ?? {}).map(([name, { verificationKeyHash }]) => [name, verificationKeyHash]),
    ),
  }
}

/** A chain's addresses and endpoints take two thousand. */
const MAX_FILE_BYTES = 1024 * 1024

/** Throws ChainFileError. */
export async function readChainFile(path: string): Promise<ChainFile> {
  const text = await readPlainFile(path, { maxBytes: MAX_FILE_BYTES }).catch((error: NodeJS.ErrnoException) => {
    throw new ChainFileError(path, error.code === 'ENOENT' ? 'nothing there' : (error.code ?? String(error)), error)
  })
  try {
    return parseChainFile(JSON.parse(text.toString('utf8')))
  } catch (error) {
    // Of text that is no JSON the engine's message shows a piece, and with it maybe one of a key in a URL.
    if (error instanceof SyntaxError) throw new ChainFileError(path, 'no JSON')
    throw new ChainFileError(path, (error as Error).message, error)
  }
}
