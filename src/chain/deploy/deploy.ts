import { hexlify, JsonRpcProvider, Wallet } from 'ethers'
import type { Abortable, WalletAddress } from '../../ports.ts'
import { WrongChainError } from '../errors.ts'
import { type Creation, creationsOf } from './creations.ts'
import { DeploymentFailedError } from './errors.ts'
import { DEFAULT_RULES, DEFAULT_SUPPLY_WEI, type DeploymentRules } from './rules.ts'
import { checkVerifiers, DEVELOPMENT_VERIFIERS, type VerifierArtifact } from './verifiers.ts'

export interface DeployInit extends Abortable {
  rpcUrl: string
  /** The chain that is meant; another one is refused. */
  chainId: number
  /** The deployer's 32-byte secret; it pays the gas. */
  walletKey: Uint8Array
  /** Who gets all tokens. @default the deployer */
  holder?: WalletAddress
  /** @default a thousand million tokens */
  supplyWei?: bigint
  /** @default DEFAULT_RULES */
  rules?: DeploymentRules
  /** In the order of the escrow's size classes. @default DEVELOPMENT_VERIFIERS */
  verifiers?: readonly VerifierArtifact[]
}

export interface Deployment {
  chainId: number
  token: WalletAddress
  escrow: WalletAddress
  /** In the order of the escrow's size classes. */
  verifiers: { sizeClass: VerifierArtifact['sizeClass']; address: WalletAddress; verificationKeyHash: string }[]
  /** The escrow's block: nothing of it is older. */
  blockNumber: number
  gasUsed: bigint
}

/** Anvil mines at once. */
const POLLING_INTERVAL_MS = 100
/** Six contracts in as many blocks, where blocks take twelve seconds. */
const TIMEOUT_MS = 180_000

/**
 * Deploys token, verifiers and escrow, and resolves when all of them stand. Throws WrongChainError, InsecureVerifierError, DeploymentFailedError, and the
 * signal's reason.
 */
export async function deploy(init: DeployInit): Promise<Deployment> {
  const { rpcUrl, chainId, walletKey, signal, rules = DEFAULT_RULES, verifiers = DEVELOPMENT_VERIFIERS } = init
  checkVerifiers(chainId, verifiers)
  const provider = new JsonRpcProvider(rpcUrl, chainId, { staticNetwork: true, pollingInterval: POLLING_INTERVAL_MS, cacheTimeout: -1 })
  try {
    const found = Number(await provider.send('eth_chainId', []))
    if (found !== chainId) throw new WrongChainError(new URL(rpcUrl).host, chainId, found)
    const wallet = new Wallet(hexlify(walletKey), provider)
    const nonce = await wallet.getNonce('pending')
    const token = { holder: init.holder ?? wallet.address, supplyWei: init.supplyWei ?? DEFAULT_SUPPLY_WEI }
    const { creations, ...standing } = creationsOf({ from: wallet.address, nonce }, { token, rules, verifiers })
    return { chainId, ...standing, ...(await createAll(wallet, creations, signal)) }
  } finally {
    provider.destroy()
  }
}

/** Nothing waits for a block before the end: addresses follow from the nonces. */
async function createAll(wallet: Wallet, creations: readonly Creation[], signal: AbortSignal | undefined) {
  const sent: { name: string; hash: string }[] = []
  for (const { name, nonce, initCode } of creations) {
    try {
      const { hash } = await wallet.sendTransaction({ data: initCode, nonce })
      sent.push({ name, hash })
    } catch (error) {
      throw new DeploymentFailedError(name, undefined, error)
    }
  }
  let gasUsed = 0n
  let blockNumber = 0
  for (const { name, hash } of sent) {
    signal?.throwIfAborted()
    const receipt = await wallet.provider!.waitForTransaction(hash, 1, TIMEOUT_MS).catch((error: unknown) => {
      throw new DeploymentFailedError(name, hash, error)
    })
    if (receipt?.status !== 1) throw new DeploymentFailedError(name, hash)
    gasUsed += receipt.gasUsed
    blockNumber = receipt.blockNumber
  }
  return { blockNumber, gasUsed }
}
