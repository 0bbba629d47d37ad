import type { TransactionReceipt, Wallet } from 'ethers'
import type { CompactSignature } from './statements.ts'
import { signalsOf } from './transcript.ts'
import { ethers, mine, nowSeconds, type World } from './world.ts'

export const DAY = 86_400

/** What a test changes of the Job of `openJob`. */
export type Terms = Record<
  | 'infoHash'
  | 'seedCommitment'
  | 'deadline'
  | 'sizeClass'
  | 'quorum'
  | 'blocks'
  | 'microJobs'
  | 'chunkMacroJobs'
  | 'macroJobs'
  | 'unitPrice'
  | 'validationPrice'
  | 'finisherPrice'
  | 'minBond',
  string | number | bigint
>

let opened = 0

/** A 4 × 4 Job in one chunk with a quorum of two. */
export async function termsOf(changes: Partial<Terms> = {}): Promise<Terms> {
  return {
    infoHash: ethers.id(`job ${opened++}`),
    seedCommitment: 5n,
    deadline: (await nowSeconds()) + DAY,
    sizeClass: 0,
    quorum: 2,
    blocks: 16,
    microJobs: 4,
    chunkMacroJobs: 4,
    macroJobs: 4,
    unitPrice: 100n,
    validationPrice: 30n,
    finisherPrice: 7n,
    minBond: 1600n,
    ...changes,
  }
}

export async function openJob(world: World, changes: Partial<Terms> = {}): Promise<{ jobId: bigint; terms: Terms }> {
  const terms = await termsOf(changes)
  await world.send(world.requester, 'open', terms)
  return { jobId: await world.view('jobIdOf', world.requester.address, terms.infoHash), terms }
}

export interface RootInit {
  jobId: bigint
  chunk?: number
  attempt?: number
  root?: bigint
  proposal?: string
  /** @default the first two peers */
  signers?: Wallet[]
}

/** The arguments of commitRoot. */
export async function rootArguments(world: World, init: RootInit): Promise<[bigint, number, number, bigint, string, CompactSignature[]]> {
  const { jobId, chunk = 0, attempt = 0, root = 77n, proposal = ethers.id('proposal'), signers = world.peers.slice(0, 2) } = init
  const statement = { jobId, chunk, attempt, root, proposal }
  const signatures = await Promise.all(signers.map((signer) => world.sign(signer, 'RootEndorsement', statement)))
  return [jobId, chunk, attempt, root, proposal, signatures]
}

/** Commits a root and mines past its beacon's block. */
export async function commitRoot(world: World, init: RootInit): Promise<TransactionReceipt> {
  const receipt = await world.send(world.peers[0]!, 'commitRoot', ...(await rootArguments(world, init)))
  await mine(2)
  return receipt
}

/** An open Job whose first root stands and whose beacon is pinned. */
export async function committedJob(world: World, changes: Partial<Terms> = {}): Promise<bigint> {
  const { jobId } = await openJob(world, changes)
  await commitRoot(world, { jobId })
  await world.send(world.stranger, 'pinBeacon', jobId, 0, 0)
  return jobId
}

export interface PayeeInit {
  wallet: string
  processed: number
  validated?: number
}

export interface SettlementInit {
  jobId: bigint
  chunk?: number
  attempt?: number
  /** MacroJobs of the chunk, by their place in it. @default all four */
  counted?: number[]
  /** Validates all of them. @default peer 5 */
  validator?: Wallet
  verdict?: (macro: number) => bigint
  /** @default peers 0 and 1 share the MicroJobs of each MacroJob */
  payees?: PayeeInit[]
  finisher: string
  /** Of the chain and the escrow whose proof this is. */
  chainId?: bigint
  escrow?: string
  commitment?: bigint
}

export interface Settlement {
  counted: bigint
  validations: { verdict: bigint; signature: CompactSignature }[]
  payees: { wallet: string; count: bigint }[]
  commitment: bigint
  proof: { a: [bigint, bigint]; b: [[bigint, bigint], [bigint, bigint]]; c: [bigint, bigint] }
}

export function defaultPayees({ peers }: World, macroJobs: number, microJobs = 4): PayeeInit[] {
  const half = (macroJobs * microJobs) / 2
  return [
    { wallet: peers[0]!.address, processed: half },
    { wallet: peers[1]!.address, processed: half },
    { wallet: peers[5]!.address, processed: 0, validated: macroJobs },
  ]
}

/** A settlement that TestVerifier accepts from `finisher` and nobody else. */
export async function settlementOf(world: World, init: SettlementInit): Promise<Settlement> {
  const { jobId, chunk = 0, attempt = 0, counted = [0, 1, 2, 3], commitment = 11n, validator = world.peers[5]! } = init
  const verdict = init.verdict ?? ((macro: number) => 1000n + BigInt(macro))
  const job = await world.view('job', jobId)
  const { root, beacon: pinned, commitBlock } = await world.view('chunkState', jobId, chunk, attempt)
  const beacon = pinned === 0n ? await beaconAhead(commitBlock) : pinned
  const size = (await world.view('sizeClasses'))[Number(job.sizeClass)]
  const firstMacro = BigInt(chunk) * job.chunkMacroJobs
  const macroJobs = min(job.chunkMacroJobs, job.macroJobs - firstMacro)
  const payees = (init.payees ?? defaultPayees(world, counted.length, Number(job.microJobs))).map(
    ({ wallet, processed, validated = 0 }) => ({
      wallet,
      count: BigInt(processed) + (BigInt(validated) << 32n),
    }),
  )
  const validations = await Promise.all(
    counted.map(async (macro) => {
      const statement = { jobId, chunk, attempt, macroJob: firstMacro + BigInt(macro), root, beacon, verdict: verdict(macro) }
      return { verdict: verdict(macro), signature: await world.sign(validator, 'Verdict', statement) }
    }),
  )
  const data = new Array<bigint>(8 + 2 * Number(size.macroJobs) + 2 * Number(size.payees)).fill(0n)
  const head = [job.seedCommitment, jobId, root, beacon, firstMacro, macroJobs, job.microJobs, job.blocks]
  head.forEach((value, i) => {
    data[i] = value
  })
  for (const macro of counted) {
    data[8 + 2 * macro] = BigInt(validator.address)
    data[9 + 2 * macro] = verdict(macro)
  }
  payees.forEach(({ wallet, count }, i) => {
    const at = 8 + 2 * Number(size.macroJobs) + 2 * i
    data[at] = BigInt(wallet)
    data[at + 1] = count
  })
  const { z, y } = signalsOf({
    commitment,
    chainId: init.chainId ?? world.chainId,
    escrow: init.escrow ?? (await world.escrow.getAddress()),
    finisher: init.finisher,
    data,
  })
  return {
    counted: counted.reduce((bits, macro) => bits | (1n << BigInt(macro)), 0n),
    validations,
    payees,
    commitment,
    proof: {
      a: [z, y],
      b: [
        [0n, 0n],
        [0n, 0n],
      ],
      c: [commitment, 0n],
    },
  }
}

/** Settles as `finisher`. */
export async function settle(world: World, finisher: Wallet, init: Omit<SettlementInit, 'finisher'>) {
  const settlement = await settlementOf(world, { ...init, finisher: finisher.address })
  return world.send(finisher, 'settle', init.jobId, init.chunk ?? 0, init.attempt ?? 0, settlement)
}

/** What settle will pin. */
async function beaconAhead(commitBlock: bigint): Promise<bigint> {
  const block = await ethers.provider.getBlock(Number(commitBlock) + 1)
  return BigInt(block?.hash ?? 0) >> 48n
}

function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b
}
