import { type ContractDeployTransaction, ContractFactory, getCreateAddress, hexlify, JsonRpcProvider, Wallet } from 'ethers'
import { SIZE_CLASSES } from '../../job/settlement/size-classes.ts'
import type { Abortable, WalletAddress } from '../../ports.ts'
import { WrongChainError } from '../errors.ts'
import escrowArtifact from './artifacts/Escrow.json' with { type: 'json' }
import tokenArtifact from './artifacts/JobToken.json' with { type: 'json' }
import { DeploymentFailedError } from './errors.ts'
import { DEFAULT_RULES, type EscrowRules, TOKEN } from './rules.ts'
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
  rules?: EscrowRules
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
const DEFAULT_SUPPLY_WEI = 1_000_000_000n * TOKEN

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
    const holder = init.holder ?? wallet.address
    const deployer = await createDeployer(wallet)
    const token = await deployer.send('JobToken', tokenArtifact, [holder, init.supplyWei ?? DEFAULT_SUPPLY_WEI])
    const deployed: Deployment['verifiers'] = []
    for (const { sizeClass, verificationKeyHash, bytecode } of verifiers) {
      const address = await deployer.send(`Verifier${sizeClass}`, { abi: [], bytecode }, [])
      deployed.push({ sizeClass, address, verificationKeyHash })
    }
    const args = [token, deployed.map(sizeClassArgument), rulesArgument(rules), rules.unbondDelaySeconds]
    const escrow = await deployer.send('Escrow', escrowArtifact, args)
    const { blockNumber, gasUsed } = await deployer.settled(signal)
    return { chainId, token, escrow, verifiers: deployed, blockNumber, gasUsed }
  } finally {
    provider.destroy()
  }
}

interface Deployer {
  /** Sends a contract's creation and gives the address that it will have. */
  send(name: string, artifact: { abi: unknown[]; bytecode: string }, args: readonly unknown[]): Promise<WalletAddress>
  /** Resolves when all of them stand. */
  settled(signal: AbortSignal | undefined): Promise<{ blockNumber: number; gasUsed: bigint }>
}

/** Nothing waits for a block before the end: addresses follow from the nonces. */
async function createDeployer(wallet: Wallet): Promise<Deployer> {
  const sent: { name: string; hash: string }[] = []
  let nonce = await wallet.getNonce('pending')
  return {
    async send(name, { abi, bytecode }, args) {
      const address = getCreateAddress({ from: wallet.address, nonce })
      const creation: ContractDeployTransaction = await new ContractFactory(abi as [], bytecode).getDeployTransaction(...args)
      try {
        const { hash } = await wallet.sendTransaction({ ...creation, nonce })
        sent.push({ name, hash })
      } catch (error) {
        throw new DeploymentFailedError(name, undefined, error)
      }
      nonce++
      return address
    },
    async settled(signal) {
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
    },
  }
}

function sizeClassArgument({ sizeClass, address, verificationKeyHash }: Deployment['verifiers'][number]) {
  const { macroJobs, microJobs, payees } = SIZE_CLASSES[sizeClass]
  return { verifier: address, macroJobs, microJobs, payees, verificationKeyHash }
}

function rulesArgument(rules: EscrowRules) {
  return {
    maxDuration: rules.maxDurationSeconds,
    beaconDelay: rules.beaconDelayBlocks,
    maxAttempts: rules.maxAttempts,
    slashBps: rules.slashBps,
    witnesses: rules.witnesses,
    minBond: rules.minBondWei,
  }
}
