import type { ProvenShape } from '../../test/contracts/support/proven.ts'
import { openProvable, provenChunk } from '../../test/contracts/support/proven.ts'
import { deployWorld, type World } from '../../test/contracts/support/world.ts'
import { serveParent } from './child.ts'
import { revealAll } from './reveal-all.ts'

/*
 * A process with Hardhat's chain in it: what paying a Job costs there, with real proofs and by revealing all of its leaves.
 */

export interface GasCosts {
  /** Settling the first chunk: nobody has credit yet. */
  first: number
  /** All chunks; those after the second are not settled, as each costs what the second did. */
  all: number
  /** Committing a chunk's root, with its two endorsements. */
  commit: number
  /** The same Job by one call that is given all leaves and checks each verdict. */
  revealed: number
  /** The same where no verdict is checked. */
  believed: number
}

serveParent({ measure })

async function measure(shape: Required<ProvenShape>): Promise<GasCosts> {
  const world = await deployWorld({ size: shape.size, verifier: `Verifier${shape.size}` })
  const jobId = await openProvable(world, shape)
  const first = await settleChunk(world, jobId, shape, 0)
  const later = shape.chunks > 1 ? await settleChunk(world, jobId, shape, 1) : first
  const revealed = { ...shape, macroJobs: shape.chunks * shape.macroJobs }
  return {
    first: first.settle,
    all: first.settle + (shape.chunks - 1) * later.settle,
    commit: first.commit,
    revealed: await revealAll(world, revealed, 'settle'),
    believed: await revealAll(world, revealed, 'credit'),
  }
}

async function settleChunk(world: World, jobId: bigint, shape: ProvenShape, chunk: number) {
  const { finisher, settlement, commitGas } = await provenChunk(world, jobId, shape, chunk)
  const from = world.peers.find(({ address }) => address === finisher)!
  const { gasUsed } = await world.send(from, 'settle', jobId, chunk, 0, settlement)
  return { settle: Number(gasUsed), commit: Number(commitGas) }
}
