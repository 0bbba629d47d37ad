import { hexlify, Interface, type JsonRpcProvider, keccak256, type TransactionReceipt, Wallet } from 'ethers'
import type { Abortable, WalletAddress } from '../../ports.ts'
import { WrongChainError } from '../errors.ts'
import escrowArtifact from './artifacts/Escrow.json' with { type: 'json' }
import tokenArtifact from './artifacts/JobToken.json' with { type: 'json' }
import { type Creation, type Creations, type CreationsInit, creationsOf } from './creations.ts'
import { DeploymentFailedError, DeploymentStuckError, OtherDeploymentError, UnfitTokenError } from './errors.ts'
import { checkVerifiers } from './verifiers.ts'

/*
 * A deployment that can be cut off anywhere. The journal holds nonces and addresses before anything is sent, and each transaction's hash before it is; run
 * again, what is in a block is passed over, and what is not is sent with its own nonce, so that nothing is ever created twice.
 */

/** What has been sent so far. Whoever keeps it can go on. */
export interface Journal {
  format: 'minga-deployment/1'
  chainId: number
  deployer: WalletAddress
  steps: JournalStep[]
}

export interface JournalStep {
  name: string
  nonce: number
  address: WalletAddress
  /** Keccak-256 of bytecode and arguments. */
  initCodeHash: string
  /** Hashes of the transactions that carried it: one nonce, so that one of them at most takes effect. */
  transactions: string[]
}

export interface PlanInit extends CreationsInit {
  chainId: number
  /** The deployer's 32-byte secret; it pays the gas. */
  walletKey: Uint8Array
  /** Of an earlier run. */
  journal: Journal | undefined
}

export interface PlannedStep extends Creation {
  /** Undefined where it stands already. */
  gas: bigint | undefined
}

export interface Plan extends Omit<Creations, 'creations'> {
  chainId: number
  deployer: WalletAddress
  balanceWei: bigint
  /** At most, for a unit of gas, as the chain's fees are now. */
  maxFeeWei: bigint
  steps: PlannedStep[]
  journal: Journal
}

/** A limit above the estimate changes nothing of what is paid; a creation does not vary by a fifth. */
const GAS_MARGIN_PERCENT = 120n
/** Looks for a receipt between two blocks of the fastest chains. */
const POLL_MS = 500
/** Lost answers in a row while a receipt is looked for; after about ten seconds whoever runs this should hear of it. */
const MAX_FAILURES = 20

/**
 * What is to be done, and what it costs; nothing is sent. Throws WrongChainError, InsecureVerifierError, UnfitTokenError, OtherDeploymentError,
 * DeploymentStuckError.
 */
export async function planDeployment(provider: JsonRpcProvider, init: PlanInit): Promise<Plan> {
  const { chainId, walletKey } = init
  checkVerifiers(chainId, init.verifiers)
  const found = Number(await provider.send('eth_chainId', []))
  if (found !== chainId) throw new WrongChainError(new URL(provider._getConnection().url).host, chainId, found)
  const { address: deployer } = new Wallet(hexlify(walletKey))
  if (typeof init.token === 'string') await checkToken(provider, init.token, deployer)
  const nonce = init.journal?.steps[0]?.nonce ?? (await quietNonce(provider, deployer))
  const { creations, ...standing } = creationsOf({ from: deployer, nonce }, init)
  const journal: Journal = { format: 'minga-deployment/1', chainId, deployer, steps: creations.map(stepOf) }
  if (init.journal !== undefined) takeOver(journal, init.journal)
  const steps: PlannedStep[] = []
  for (const [i, creation] of creations.entries()) {
    const receipt = await receiptOf(provider, journal.steps[i]!)
    const gas = receipt === undefined ? await estimate(provider, deployer, creation) : undefined
    steps.push({ ...creation, gas })
  }
  const { maxFeePerGas } = await provider.getFeeData()
  return { chainId, deployer, ...standing, steps, journal, maxFeeWei: maxFeePerGas ?? 0n, balanceWei: await provider.getBalance(deployer) }
}

export interface CarryOutOptions extends Abortable {
  /** Puts the journal away; nothing is sent before it has resolved. */
  keep(journal: Journal): Promise<void>
  onStep?: (step: { name: string; address: string; gasUsed: bigint; transaction: string }) => void
  /** Until a contract that is in no block is given up for this run. */
  giveUpMs: number
}

/**
 * Creates what is missing, one after another. Gives the escrow's block and the gas of all. Throws DeploymentFailedError, DeploymentStuckError, what
 * `keep` throws, and the endpoint's errors; afterwards it can be begun again with the journal.
 */
export async function carryOut(
  provider: JsonRpcProvider,
  plan: Plan,
  { walletKey, ...options }: CarryOutOptions & { walletKey: Uint8Array },
): Promise<{ blockNumber: number; gasUsed: bigint }> {
  const wallet = new Wallet(hexlify(walletKey), provider)
  await options.keep(plan.journal)
  let gasUsed = 0n
  let blockNumber = 0
  for (const [i, step] of plan.steps.entries()) {
    options.signal?.throwIfAborted()
    const entry = plan.journal.steps[i]!
    const receipt = (await receiptOf(provider, entry)) ?? (await create(wallet, step, plan, entry, options))
    if (receipt.status !== 1) throw new DeploymentFailedError(step.name, receipt.hash)
    options.onStep?.({ name: step.name, address: step.address, gasUsed: receipt.gasUsed, transaction: receipt.hash })
    gasUsed += receipt.gasUsed
    blockNumber = receipt.blockNumber
  }
  return { blockNumber, gasUsed }
}

async function create(wallet: Wallet, step: PlannedStep, { chainId, journal }: Plan, entry: JournalStep, options: CarryOutOptions) {
  const provider = wallet.provider as JsonRpcProvider
  if ((await provider.getTransactionCount(wallet.address, 'latest')) > step.nonce) throw new DeploymentStuckError(step.name, step.nonce)
  const { maxFeePerGas, maxPriorityFeePerGas } = await provider.getFeeData()
  const signed = await wallet.signTransaction({
    type: 2,
    chainId,
    nonce: step.nonce,
    data: step.initCode,
    gasLimit: ((step.gas ?? (await estimate(provider, wallet.address, step))) * GAS_MARGIN_PERCENT) / 100n,
    maxFeePerGas,
    maxPriorityFeePerGas,
  })
  const hash = keccak256(signed)
  if (!entry.transactions.includes(hash)) entry.transactions.push(hash)
  await options.keep(journal)
  const refusal = await provider.send('eth_sendRawTransaction', [signed]).then(
    () => undefined,
    (error: unknown) => error,
  )
  return mined(provider, entry, { ...options, refusal })
}

/** Waits for one of the step's transactions. A refusal may only mean that the pool has an earlier one: that is decided by what gets into a block. */
async function mined(
  provider: JsonRpcProvider,
  entry: JournalStep,
  { signal, giveUpMs, refusal }: CarryOutOptions & { refusal: unknown },
): Promise<TransactionReceipt> {
  let failures = 0
  for (let waitedMs = 0; waitedMs < giveUpMs; waitedMs += POLL_MS) {
    signal?.throwIfAborted()
    try {
      const receipt = await receiptOf(provider, entry)
      if (receipt !== undefined) return receipt
      if (refusal !== undefined && !(await isKnown(provider, entry))) break
      failures = 0
    } catch (error) {
      if (++failures >= MAX_FAILURES) throw new DeploymentFailedError(entry.name, entry.transactions.at(-1), error)
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
  throw new DeploymentFailedError(entry.name, refusal === undefined ? entry.transactions.at(-1) : undefined, refusal)
}

async function isKnown(provider: JsonRpcProvider, { transactions }: JournalStep): Promise<boolean> {
  for (const hash of transactions) if ((await provider.getTransaction(hash)) !== null) return true
  return false
}

async function receiptOf(provider: JsonRpcProvider, { transactions }: JournalStep): Promise<TransactionReceipt | undefined> {
  for (const hash of transactions) {
    const receipt = await provider.getTransactionReceipt(hash)
    if (receipt !== null) return receipt
  }
  return undefined
}

/** The next nonce of a wallet that has nothing on its way: what is planned on top of it would fall with it. */
async function quietNonce(provider: JsonRpcProvider, deployer: string): Promise<number> {
  const nonce = await provider.getTransactionCount(deployer, 'latest')
  const pending = await provider.getTransactionCount(deployer, 'pending')
  if (pending !== nonce) throw new DeploymentStuckError(undefined, nonce)
  return nonce
}

/** What peers and clients need of a token: 18 decimals, permits whose domain it tells, and that it can be burned. */
async function checkToken(provider: JsonRpcProvider, address: string, from: string): Promise<void> {
  const abi = new Interface([...tokenArtifact.abi, 'function decimals() view returns (uint8)'] as never)
  for (const [name, args] of [
    ['decimals', []],
    ['eip712Domain', []],
    ['nonces', [from]],
    ['burn', [0n]],
  ] as const) {
    const answer = await provider.call({ to: address, from, data: abi.encodeFunctionData(name, args) }).catch((error: unknown) => {
      throw new UnfitTokenError(address, `${name} refused`, error)
    })
    if (name === 'burn' ? (await provider.getCode(address)) === '0x' : answer === '0x') throw new UnfitTokenError(address, `no ${name}`)
    if (name === 'decimals' && BigInt(answer) !== 18n) throw new UnfitTokenError(address, `${BigInt(answer)} decimals`)
  }
}

async function estimate(provider: JsonRpcProvider, from: string, { name, initCode }: Creation): Promise<bigint> {
  try {
    return await provider.estimateGas({ from, data: initCode })
  } catch (error) {
    throw new DeploymentFailedError(name, undefined, error)
  }
}

function stepOf({ name, nonce, address, initCode }: Creation): JournalStep {
  return { name, nonce, address, initCodeHash: keccak256(initCode), transactions: [] }
}

/** Takes the earlier run's transactions over, where it was the same deployment. */
function takeOver(journal: Journal, earlier: Journal): void {
  const what = ({ chainId, deployer, steps }: Journal) =>
    JSON.stringify([chainId, deployer, steps.map(({ name, address, initCodeHash }) => [name, address, initCodeHash])])
  if (what(journal) !== what(earlier)) throw new OtherDeploymentError(earlier.chainId, earlier.deployer)
  for (const [i, { transactions }] of earlier.steps.entries()) journal.steps[i]!.transactions.push(...transactions)
}

/** The token that the escrow at `address` says it has: a last look at what stands. */
export async function tokenOf(provider: JsonRpcProvider, address: string): Promise<string> {
  const abi = new Interface(escrowArtifact.abi as never)
  return abi.decodeFunctionResult('token', await provider.call({ to: address, data: abi.encodeFunctionData('token') }))[0]
}
