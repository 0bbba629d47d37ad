import assert from 'node:assert/strict'
import { type BaseContract, Interface, type InterfaceAbi, type Result, type Signer, type TransactionReceipt, Wallet } from 'ethers'
import { network } from 'hardhat'
import { SIZE_CLASSES, type SizeClassName } from '../../../src/job/settlement/size-classes.ts'
import { type CompactSignature, signStatement } from './statements.ts'

/** Small numbers, so that a sum can be checked in one's head. */
export const RULES = { maxDuration: 7 * 86_400, beaconDelay: 1, maxAttempts: 16, slashBps: 2500, witnesses: 3, minBond: 1000n }
export const UNBOND_DELAY = 8 * 86_400
export const SUPPLY = 10n ** 30n
/** 4 × 4 MicroJobs at 100, 4 validations at 30, 4 × 7 for the finisher. */
export const BUDGET = 4n * (4n * 100n + 30n + 7n)
export const FIELD = 21888242871839275222246405745257275088548364400416034343698204186575808495617n

const connection = await network.create()
export const { ethers } = connection
/** Hardhat's accounts have hidden keys; statements are signed by wallets of our own, which any of them may pay for. */
const WALLETS = 8
const FUNDS = 10n ** 15n

/** What stands where on the test chain, and the few ways to act on it. */
export interface World {
  chainId: bigint
  token: BaseContract
  escrow: BaseContract
  requester: Wallet
  /** Bonded with 2,000 each. */
  peers: Wallet[]
  stranger: Wallet
  send(from: Signer, method: string, ...args: unknown[]): Promise<TransactionReceipt>
  view(method: string, ...args: unknown[]): Promise<Result & bigint>
  sign(signer: Signer, kind: Parameters<typeof signStatement>[2], statement: Record<string, unknown>): Promise<CompactSignature>
}

interface WorldOptions {
  /** A token that misbehaves. */
  tokenName?: string
  /** The first size class and the contract that verifies it. @default 4x4 and TestVerifier */
  size?: SizeClassName
  verifier?: string
  /** @default true */
  bonded?: boolean
}

let usual: { world: World; snapshot: string } | undefined

/** A fresh deployment with a requester and six bonded peers. The usual one is made once, and the chain goes back to it. */
export async function createWorld(options?: WorldOptions): Promise<World> {
  if (options !== undefined) return deployWorld(options)
  if (usual === undefined) usual = { world: await deployWorld({}), snapshot: '' }
  else await ethers.provider.send('evm_revert', [usual.snapshot])
  usual.snapshot = await ethers.provider.send('evm_snapshot')
  return usual.world
}

/** As createWorld, but not the usual one: for tests that need two at once. */
export async function deployWorld(options: WorldOptions): Promise<World> {
  const [payer] = await ethers.getSigners()
  const { chainId } = await ethers.provider.getNetwork()
  const wallets = Array.from({ length: WALLETS }, () => Wallet.createRandom(ethers.provider) as unknown as Wallet)
  wallets.sort((a, b) => (BigInt(a.address) < BigInt(b.address) ? -1 : 1))
  const token = await ethers.deployContract(options.tokenName ?? 'JobToken', [payer!.address, SUPPLY])
  const verifier = await ethers.deployContract(options.verifier ?? 'TestVerifier')
  const classes = [SIZE_CLASSES[options.size ?? '4x4'], SIZE_CLASSES['16x16']].map(({ name, macroJobs, microJobs, payees }) => {
    return { verifier, macroJobs, microJobs, payees, verificationKeyHash: ethers.id(name) }
  })
  const escrow = await ethers.deployContract('Escrow', [token, classes, RULES, UNBOND_DELAY])
  const at = await escrow.getAddress()
  for (const { address } of wallets) {
    await ethers.provider.send('hardhat_setBalance', [address, '0x8ac7230489e80000'])
    await (await token.getFunction('transfer')(address, FUNDS)).wait()
  }
  const [requester, stranger, ...peers] = wallets as [Wallet, Wallet, ...Wallet[]]
  const world: World = {
    chainId,
    token,
    escrow,
    requester,
    peers,
    stranger,
    async send(from, method, ...args) {
      const sent = await escrow.connect(from).getFunction(method)(...args)
      return (await sent.wait())!
    },
    view: (method, ...args) => escrow.getFunction(method).staticCall(...args),
    sign: (signer, kind, statement) => signStatement({ chainId, escrow: at }, signer, kind, statement),
  }
  for (const wallet of [requester, ...peers]) await (await token.connect(wallet).getFunction('approve')(at, FUNDS)).wait()
  if (options.bonded !== false) for (const peer of peers) await world.send(peer, 'bond', 2000n)
  return world
}

/** Lets `seconds` pass. */
export async function pass(seconds: number): Promise<void> {
  await ethers.provider.send('evm_increaseTime', [seconds])
  await mine()
}

export async function mine(blocks = 1): Promise<void> {
  await ethers.provider.send('hardhat_mine', [`0x${blocks.toString(16)}`])
}

export async function nowSeconds(): Promise<number> {
  return (await ethers.provider.getBlock('latest'))!.timestamp
}

export async function balanceOf({ token }: World, address: string): Promise<bigint> {
  return token.getFunction('balanceOf').staticCall(address)
}

/** All events of the escrow in a receipt, as name and arguments. */
export function eventsOf({ escrow }: World, receipt: TransactionReceipt): { name: string; args: Result }[] {
  return receipt.logs.flatMap((log) => {
    const parsed = escrow.interface.parseLog(log)
    return parsed === null ? [] : [{ name: parsed.name, args: parsed.args }]
  })
}

/** Fails unless `action` reverts with the contract's error `name`, and with these arguments where some are given. */
export async function reverts({ escrow }: World, action: Promise<unknown>, name: string, ...args: unknown[]): Promise<void> {
  const error = await action.then(
    () => assert.fail(`expected a revert with ${name}, found none`),
    (reason: unknown) => reason,
  )
  if (error instanceof assert.AssertionError) throw error
  const data = revertData(error)
  const parsed = data === undefined ? null : (escrow.interface.parseError(data) ?? OTHERS.parseError(data))
  assert.equal(parsed?.name ?? String(error), name)
  if (args.length > 0) assert.deepEqual(parsed!.args.toArray(), args)
}

/** Errors of what the escrow calls. */
const OTHERS = new Interface([
  'error ERC20InsufficientAllowance(address,uint256,uint256)',
  'error ERC20InsufficientBalance(address,uint256,uint256)',
] satisfies InterfaceAbi)

function revertData(error: unknown): string | undefined {
  for (let value = error; typeof value === 'object' && value !== null; value = nested(value)) {
    if ('data' in value && typeof value.data === 'string' && value.data.startsWith('0x')) return value.data
  }
  return undefined
}

function nested(value: object): unknown {
  if ('error' in value) return value.error
  if ('info' in value) return value.info
  return 'cause' in value ? value.cause : undefined
}
