import { AbiCoder, keccak256 } from 'ethers'

/** Written a second time, from docs/SETTLEMENT.md alone: what the contract computes is compared with it in every settlement of these tests. */
const FIELD = 21888242871839275222246405745257275088548364400416034343698204186575808495617n

export interface TranscriptInit {
  commitment: bigint
  chainId: bigint
  escrow: string
  finisher: string
  data: readonly bigint[]
}

export function signalsOf({ commitment, chainId, escrow, finisher, data }: TranscriptInit): { z: bigint; y: bigint } {
  const encoded = AbiCoder.defaultAbiCoder().encode(
    ['uint256', 'uint256', 'address', 'address', 'uint256[]'],
    [commitment, chainId, escrow, finisher, data],
  )
  const z = BigInt(keccak256(encoded)) % FIELD
  let [y, power] = [0n, 1n]
  for (const element of data) {
    y = (y + element * power) % FIELD
    power = (power * z) % FIELD
  }
  return { z, y }
}
