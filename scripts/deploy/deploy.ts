import { existsSync, readFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { FetchRequest, formatEther, formatUnits, getAddress, getBytes, JsonRpcProvider } from 'ethers'
import { type ChainFile, parseChainFile } from '../../src/chain/chain-file.ts'
import { InsecureVerifierError } from '../../src/chain/deploy/errors.ts'
import { carryOut, type Journal, type Plan, planDeployment, tokenOf } from '../../src/chain/deploy/resumable.ts'
import { DEFAULT_RULES, DEFAULT_SUPPLY_WEI, TOKEN } from '../../src/chain/deploy/rules.ts'
import { DEVELOPMENT_VERIFIERS } from '../../src/chain/deploy/verifiers.ts'
import { writeWhole } from '../../src/chain/devnet/files.ts'
import { makeDirectory } from '../../src/directories-node.ts'
import { DEVELOPMENT_CHAIN_ID } from '../../src/job/development-chain.ts'
import { SIZE_CLASS_NAMES, type SizeClassName } from '../../src/job/settlement/size-classes.ts'
import type { CircuitsFile } from '../../src/proof/circuits-file.ts'
import { walletAddress } from '../../src/protocol/wallet.ts'
import { loadWallet } from '../../src/protocol/wallet-file-node.ts'
import { readPinned } from '../circuits/pin.ts'
import { withCurve } from '../keys/curve.ts'
import { compileVerifiers } from './compile-verifier.ts'
import { type ExportedKey, readExportedKey } from './exported-key.ts'
import { type DeployOptions, parseOptions, USAGE } from './options.ts'

export interface DeployComponents {
  env: Readonly<Record<string, string | undefined>>
  print(line: string): void
  /** SHA-256 of the constraint system that a size class must have. @default what circuits/keys pins */
  r1csOf?: (sizeClass: SizeClassName) => string
  signal?: AbortSignal
}

/** An answer that takes longer is lost, as a connection that is. */
const RPC_TIMEOUT_MS = 20_000

/** Carries out `npm run deploy -- …`. Throws what is in the way; nothing is sent before the plan is printed. */
export async function runDeploy(argv: readonly string[], components: DeployComponents): Promise<void> {
  const options = parseOptions(argv)
  if (options === undefined) return components.print(USAGE)
  const key = await deployerKey(options, components.env)
  const exported = await withCurve(() => exportedKeys(options, components))
  const verifiers = exported === undefined ? DEVELOPMENT_VERIFIERS : compileVerifiers(exported)
  const request = new FetchRequest(options.rpc)
  request.timeout = RPC_TIMEOUT_MS
  const provider = new JsonRpcProvider(request, options.chainId, { staticNetwork: true, cacheTimeout: -1, batchMaxCount: 1 })
  try {
    const supplyWei = options.supply === undefined ? DEFAULT_SUPPLY_WEI : options.supply * TOKEN
    const token = options.token === undefined ? { holder: getAddress(options.holder ?? key.address), supplyWei } : getAddress(options.token)
    const journalPath = join(options.out, 'deployment.json')
    const journal = existsSync(journalPath) ? (JSON.parse(readFileSync(journalPath, 'utf8')) as Journal) : undefined
    const init = { chainId: options.chainId, walletKey: key.key, token, rules: DEFAULT_RULES, verifiers, journal }
    const plan = await planDeployment(provider, init)
    printPlan(plan, options, exported, components.print)
    checkFunds(plan, options)
    if (options.dryRun) return components.print('dry run: nothing was sent, nothing written')
    await makeDirectory(options.out)
    const { blockNumber, gasUsed } = await carryOut(provider, plan, {
      walletKey: key.key,
      giveUpMs: options.giveUpMs,
      keep: (kept) => writeWhole(journalPath, `${JSON.stringify(kept, null, 2)}\n`),
      onStep: (step) => components.print(`${step.name.padEnd(14)} ${step.address}  ${step.gasUsed} gas  ${step.transaction}`),
      ...(components.signal && { signal: components.signal }),
    })
    const said = await tokenOf(provider, plan.escrow)
    if (said !== plan.token) throw new Error(`expected the escrow at ${plan.escrow} to have the token ${plan.token}, found ${said}`)
    components.print(`all stands since block ${blockNumber}, for ${gasUsed} gas`)
    await writeFiles(plan, blockNumber, options, exported, components.print)
  } finally {
    provider.destroy()
  }
}

async function deployerKey({ keyFile }: DeployOptions, env: DeployComponents['env']): Promise<{ key: Uint8Array; address: string }> {
  if (keyFile !== undefined) return loadWallet(keyFile, { mustExist: true })
  const text = env.MINGA_DEPLOY_KEY
  if (text === undefined) throw new Error('expected the deployer’s key in --key-file or MINGA_DEPLOY_KEY, found neither')
  // Never the text itself: it is a secret, though it is no key.
  if (!/^(0x)?[0-9a-fA-F]{64}$/.test(text)) throw new Error('expected 64 hexadecimal digits in MINGA_DEPLOY_KEY, found something else')
  const key = getBytes(text.startsWith('0x') ? text : `0x${text}`)

  return { key, address: walletAddress(key) }
}

/** What the ceremonies exported, in the order of the escrow's size classes; undefined for a chain with development keys. */
async function exportedKeys(
  { keys, chainId }: DeployOptions,
  { r1csOf = (name) => readPinned(name).sha256.r1cs }: DeployComponents,
): Promise<ExportedKey[] | undefined> {
  if (keys.length === 0) {
    if (chainId !== DEVELOPMENT_CHAIN_ID) throw new InsecureVerifierError(chainId, SIZE_CLASS_NAMES.join(', '))
    return undefined
  }
  const found = new Map<SizeClassName, ExportedKey>()
  for (const folder of keys) {
    const exported = await readExportedKey(folder, r1csOf)
    if (found.has(exported.sizeClass)) throw new Error(`expected one --keys for ${exported.sizeClass}, found two`)
    found.set(exported.sizeClass, exported)
  }
  const missing = SIZE_CLASS_NAMES.filter((name) => !found.has(name))
  // A Job names its class by its place in the escrow's list: a list with gaps would mean another one.
  if (missing.length > 0) throw new Error(`expected --keys for every size class, found none for ${missing.join(', ')}`)
  return SIZE_CLASS_NAMES.map((name) => found.get(name)!)
}

function printPlan(plan: Plan, { rpc, token }: DeployOptions, exported: ExportedKey[] | undefined, print: (line: string) => void): void {
  print(`chain ${plan.chainId} behind ${new URL(rpc).host}, deployer ${plan.deployer} with ${formatEther(plan.balanceWei)} of its money`)
  print(
    exported === undefined
      ? 'INSECURE development keys: anybody can forge proofs'
      : 'keys of a ceremony; their hashes are those of its transcript',
  )
  for (const { sizeClass, verificationKeyHash } of plan.verifiers) print(`  ${sizeClass.padEnd(6)} ${verificationKeyHash}`)
  if (token !== undefined) print(`token          ${plan.token}, which stands`)
  for (const { name, address, gas } of plan.steps)
    print(`${name.padEnd(14)} ${address}  ${gas === undefined ? 'stands' : `about ${gas} gas`}`)
  print(`about ${gasOf(plan)} gas at ${formatUnits(plan.maxFeeWei, 'gwei')} gwei at most: ${formatEther(gasOf(plan) * plan.maxFeeWei)}`)
}

function gasOf({ steps }: Plan): bigint {
  return steps.reduce((sum, { gas }) => sum + (gas ?? 0n), 0n)
}

function checkFunds(plan: Plan, { maxFeeWei }: DeployOptions): void {
  const needed = gasOf(plan) * plan.maxFeeWei
  if (plan.balanceWei < needed)
    throw new Error(`expected ${formatEther(needed)} on ${plan.deployer} for gas, found ${formatEther(plan.balanceWei)}`)
  if (maxFeeWei !== undefined && plan.maxFeeWei > maxFeeWei && gasOf(plan) > 0n)
    throw new Error(
      `expected gas for ${formatUnits(maxFeeWei, 'gwei')} gwei at most, found ${formatUnits(plan.maxFeeWei, 'gwei')}: wait, or raise --max-fee`,
    )
}

async function writeFiles(
  plan: Plan,
  deployedAt: number,
  { out, publicRpc }: DeployOptions,
  exported: ExportedKey[] | undefined,
  print: (line: string) => void,
): Promise<void> {
  const verifiers = plan.verifiers.map(
    ({ sizeClass, address, verificationKeyHash }) => [sizeClass, { verifier: address, verificationKeyHash }] as const,
  )
  const { chainId, escrow, token } = plan
  const chain: ChainFile = parseChainFile({
    format: 'minga-chain/1',
    chainId,
    rpc: publicRpc,
    escrow,
    token,
    deployedAt,
    verifiers: Object.fromEntries(verifiers),
  })
  await writeWhole(join(out, 'chain.json'), `${JSON.stringify(chain, null, 2)}\n`)
  print(`wrote ${join(out, 'chain.json')}: give it away, and name it with --chain-file`)
  if (exported === undefined) return print('peers that settle take the circuits of `npm run circuits`')
  const path = (file: string) => relative(resolve(out), resolve(file))
  const circuits: CircuitsFile = {
    format: 'minga-circuits/1',
    circuits: Object.fromEntries(
      exported.map(({ sizeClass, files: { wasm, zkey, key } }) => [sizeClass, { wasm: path(wasm), zkey: path(zkey), key: path(key) }]),
    ),
  }
  await writeWhole(join(out, 'circuits.json'), `${JSON.stringify(circuits, null, 2)}\n`)
  print(`wrote ${join(out, 'circuits.json')}: peers that settle name it with --chain-circuits`)
}
