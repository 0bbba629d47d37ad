import { Signature, type TransactionReceipt } from 'ethers'
import { ethers, type World } from '../../test/contracts/support/world.ts'

export interface RevealedShape {
  macroJobs: number
  microJobs: number
  blocks: number
}

/** Wallets that process, and the place of the one that validates: those of the proven Jobs. */
const WORKERS = 4

/** Gas of paying four workers and a validator in one call of contracts/test/RevealAll.sol, which checks each verdict (`settle`) or none (`credit`). */
export async function revealAll(world: World, shape: RevealedShape, how: 'settle' | 'credit'): Promise<number> {
  const contract = await ethers.deployContract('RevealAll', [])
  const send = async (method: string, ...args: unknown[]): Promise<TransactionReceipt> => {
    const sent = await contract.connect(world.peers[2]!).getFunction(method)(...args)
    return (await sent.wait())!
  }
  const validator = world.peers[5]!
  const revealed = revealedOf(world, shape)
  const root: string = await contract.getFunction('hashOf').staticCall(revealed)
  await send('bond', validator.address)
  await send('commitRoot', 0, root)
  if (how === 'credit') return Number((await send('credit', 0, revealed)).gasUsed)

  const beacon: bigint = await contract.getFunction('beaconOf').staticCall(0)
  const openings = Array.from({ length: shape.macroJobs }, (_, macroJob) => {
    const draw = BigInt(hashOf(['bytes32', 'uint256', 'uint256'], [root, beacon, macroJob]))
    const micro = Number(draw % BigInt(shape.microJobs))
    const elements = elementsOf(macroJob, micro, shape.blocks)
    const verdict = elements[Number((draw >> 128n) % BigInt(shape.blocks))]
    const signed = [contract.target, world.chainId, root, macroJob * shape.microJobs + micro, verdict]
    const { r, yParityAndS: vs } = Signature.from(
      validator.signingKey.sign(hashOf(['address', 'uint256', 'bytes32', 'uint256', 'bytes32'], signed)),
    )
    return { validator: WORKERS, elements, r, vs }
  })
  return Number((await send('settle', 0, revealed, openings)).gasUsed)
}

/** The same shares of the work as in the proven Jobs. */
function revealedOf({ peers }: World, { macroJobs, microJobs, blocks }: RevealedShape) {
  const owners: number[] = []
  const leaves: string[] = []
  for (let i = 0; i < macroJobs; i++) {
    for (let j = 0; j < microJobs; j++) {
      const owner = (i + j) % WORKERS
      owners.push(owner)
      // A packed list pads each of its elements to a word.
      leaves.push(ethers.solidityPackedKeccak256(['address', 'bytes32[]'], [peers[owner]!.address, elementsOf(i, j, blocks)]))
    }
  }
  const wallets = [...peers.slice(0, WORKERS), peers[5]!].map(({ address }) => address)
  return { wallets, owners: Uint8Array.from(owners), leaves }
}

function elementsOf(macroJob: number, micro: number, blocks: number): string[] {
  return Array.from({ length: blocks }, (_, block) => ethers.id(`element ${macroJob} ${micro} ${block}`))
}

function hashOf(types: string[], values: unknown[]): string {
  return ethers.keccak256(ethers.AbiCoder.defaultAbiCoder().encode(types, values))
}
