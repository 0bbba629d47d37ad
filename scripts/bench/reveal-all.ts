import { Signature, type TransactionReceipt } from 'ethers'
import { ethers, type World } from '../../test/contracts/support/world.ts'

export interface RevealedShape {
  macroJobs: number
  microJobs: number
}

/** Wallets that process, and the place of the one that validates: those of the proven Jobs. */
const WORKERS = 4
/** Of each MicroJob, as the contract takes them: as many as a paid Job can have. */
const BLOCKS = 16

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
    const [verdict, ...siblings] = pathOf(macroJob, micro, Number((draw >> 128n) % BigInt(BLOCKS)))
    const signed = [contract.target, world.chainId, root, macroJob * shape.microJobs + micro, verdict]
    const { r, yParityAndS: vs } = Signature.from(
      validator.signingKey.sign(hashOf(['address', 'uint256', 'bytes32', 'uint256', 'bytes32'], signed)),
    )
    return { validator: WORKERS, verdict, siblings, r, vs }
  })
  return Number((await send('settle', 0, revealed, openings)).gasUsed)
}

/** The same shares of the work as in the proven Jobs. */
function revealedOf({ peers }: World, { macroJobs, microJobs }: RevealedShape) {
  const owners: number[] = []
  const leaves: string[] = []
  for (let i = 0; i < macroJobs; i++) {
    for (let j = 0; j < microJobs; j++) {
      const owner = (i + j) % WORKERS
      owners.push(owner)
      leaves.push(ethers.solidityPackedKeccak256(['address', 'bytes32'], [peers[owner]!.address, levelsOf(i, j).at(-1)![0]]))
    }
  }
  const wallets = [...peers.slice(0, WORKERS), peers[5]!].map(({ address }) => address)
  return { wallets, owners: Uint8Array.from(owners), leaves }
}

/** The block's hash and its siblings up to the root. */
function pathOf(macroJob: number, micro: number, block: number): string[] {
  const levels = levelsOf(macroJob, micro).slice(0, -1)
  return [levels[0]![block]!, ...levels.map((level, height) => level[(block >> height) ^ 1]!)]
}

/** The tree of a MicroJob's blocks, the lowest level first. */
function levelsOf(macroJob: number, micro: number): string[][] {
  const levels = [Array.from({ length: BLOCKS }, (_, block) => ethers.id(`block ${macroJob} ${micro} ${block}`))]
  for (let below = levels[0]!; below.length > 1; below = levels.at(-1)!) {
    levels.push(Array.from({ length: below.length / 2 }, (_, i) => hashOf(['bytes32', 'bytes32'], below.slice(2 * i, 2 * i + 2))))
  }
  return levels
}

function hashOf(types: string[], values: unknown[]): string {
  return ethers.keccak256(ethers.AbiCoder.defaultAbiCoder().encode(types, values))
}
