import { buildArtifacts } from '../../../scripts/circuits/artifacts.ts'
import { readPinned } from '../../../scripts/circuits/pin.ts'
import { chunkRoot, type SettlementChunk } from '../../../src/job/settlement/chunk.ts'
import { drawOpenings, settlementChallenge } from '../../../src/job/settlement/draw.ts'
import { elementsOf, leafOf, seedCommitmentOf, walletToField } from '../../../src/job/settlement/hashes.ts'
import { proveChunk } from '../../../src/job/settlement/prove-chunk.ts'
import { countOf } from '../../../src/job/settlement/signals.ts'
import { SIZE_CLASSES, type SizeClassName } from '../../../src/job/settlement/size-classes.ts'
import { parsePinnedKey } from '../../../src/proof/pinned-key.ts'
import { createProver } from '../../../src/proof/prover.ts'
import { commitRoot, openJob, type Settlement } from './jobs.ts'
import { ethers, type World } from './world.ts'

const SEED = 987_654_321n

export interface ProvenShape {
  size: SizeClassName
  /** Of each chunk. */
  macroJobs: number
  microJobs: number
  blocks: number
  /** @default 1 */
  chunks?: number
}

export interface ProvenChunk {
  jobId: bigint
  chunk: number
  finisher: string
  settlement: Settlement
  /** What committing its root has cost. */
  commitGas: bigint
}

/** A Job of one chunk that four peers did and a fifth validated, its root and beacon on the chain, and its real proof. */
export async function provenJob(world: World, shape: ProvenShape): Promise<ProvenChunk> {
  return provenChunk(world, await openProvable(world, shape), shape)
}

/** Chunk `chunk` of such a Job that is open. */
export async function provenChunk(world: World, jobId: bigint, shape: ProvenShape, chunk = 0): Promise<ProvenChunk> {
  const firstMacro = chunk * shape.macroJobs
  const macroJobs = Array.from({ length: shape.macroJobs }, (_, i) => ({
    slots: Array.from({ length: shape.microJobs }, (_, j) => {
      const wallet = walletToField(world.peers[(i + j) % 4]!.address)
      return { wallet, leaf: leafOf(wallet, elements(firstMacro + i, j, shape.blocks)) }
    }),
  }))
  const unproven = { seed: SEED, jobId, firstMacro, microJobs: shape.microJobs, blocks: shape.blocks, macroJobs }
  const root = chunkRoot(SIZE_CLASSES[shape.size], unproven)
  const { gasUsed: commitGas } = await commitRoot(world, { jobId, chunk, root })
  await world.send(world.stranger, 'pinBeacon', jobId, chunk, 0)
  const { beacon } = await world.view('chunkState', jobId, chunk, 0)
  const opened = withOpenings({ ...unproven, beacon }, root, walletToField(world.peers[5]!.address))
  const finisher = world.peers[2]!.address
  return { jobId, chunk, finisher, settlement: await prove(world, shape.size, opened, chunk, finisher), commitGas }
}

/** The commitment to the seed needs the id that the escrow gives. */
export async function openProvable(world: World, { macroJobs, microJobs, blocks, chunks = 1 }: ProvenShape): Promise<bigint> {
  const infoHash = ethers.id('a Job with a real proof')
  const jobId = await world.view('jobIdOf', world.requester.address, infoHash)
  const shape = { macroJobs: chunks * macroJobs, chunkMacroJobs: macroJobs, microJobs, blocks, unitPrice: 20n, minBond: 2000n }
  await openJob(world, { ...shape, infoHash, seedCommitment: seedCommitmentOf(SEED, jobId) })
  return jobId
}

function withOpenings(chunk: SettlementChunk, root: bigint, validator: bigint): SettlementChunk {
  const challenge = settlementChallenge(SEED, root, chunk.beacon)
  const drawn = drawOpenings({ ...chunk, challenge, macroJobs: chunk.macroJobs.length })
  const macroJobs = chunk.macroJobs.map((row, i) => ({
    ...row,
    counted: { validator, opened: elements(chunk.firstMacro + i, drawn[i]!.micro, chunk.blocks) },
  }))
  return { ...chunk, macroJobs }
}

async function prove(world: World, size: SizeClassName, chunk: SettlementChunk, index: number, finisher: string): Promise<Settlement> {
  const circuit = { ...(await buildArtifacts(size)), key: parsePinnedKey(readPinned(size)) }
  const prover = createProver({}, { circuits: { [size]: circuit } })
  const domain = { chainId: world.chainId, escrow: await world.escrow.getAddress(), finisher }
  const { statement, c, proof } = await proveChunk(prover, SIZE_CLASSES[size], chunk, domain)
  const validations = statement.macros.map(async ({ verdict }, i) => {
    const macroJob = chunk.firstMacro + i
    const said = { jobId: chunk.jobId, chunk: index, attempt: 0, macroJob, root: statement.root, beacon: chunk.beacon, verdict }
    return { verdict, signature: await world.sign(world.peers[5]!, 'Verdict', said) }
  })
  return {
    counted: (1n << BigInt(chunk.macroJobs.length)) - 1n,
    validations: await Promise.all(validations),
    payees: statement.payees.map(({ wallet, processed, validated }) => ({
      wallet: ethers.getAddress(ethers.toBeHex(wallet, 20)),
      count: countOf(processed, validated),
    })),
    commitment: c,
    proof: proof as unknown as Settlement['proof'],
  }
}

function elements(macro: number, micro: number, blocks: number): bigint[] {
  const hash = (text: string) => ethers.getBytes(ethers.id(`${text} ${macro} ${micro}`))
  return elementsOf(
    hash('salt'),
    Array.from({ length: blocks }, (_, block) => hash(`block ${block}`)),
  )
}
