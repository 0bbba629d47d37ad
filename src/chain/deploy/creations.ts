import { concat, getCreateAddress, Interface, type InterfaceAbi } from 'ethers'
import { SIZE_CLASSES, type SizeClassName } from '../../job/settlement/size-classes.ts'
import type { WalletAddress } from '../../ports.ts'
import escrowArtifact from './artifacts/Escrow.json' with { type: 'json' }
import tokenArtifact from './artifacts/JobToken.json' with { type: 'json' }
import type { DeploymentRules } from './rules.ts'
import type { VerifierArtifact } from './verifiers.ts'

/** A token that is to be made: who gets all of it, and how much that is. */
export interface NewToken {
  holder: WalletAddress
  supplyWei: bigint
}

export interface CreationsInit {
  /** One that stands already, or one to make. */
  token: WalletAddress | NewToken
  rules: DeploymentRules
  /** In the order of the escrow's size classes. */
  verifiers: readonly VerifierArtifact[]
}

/** One contract that is to be created. */
export interface Creation {
  name: string
  nonce: number
  /** Where it will stand: it follows from deployer and nonce. */
  address: WalletAddress
  /** Bytecode and arguments. */
  initCode: string
}

export interface Creations {
  /** In the order in which they are sent. */
  creations: Creation[]
  token: WalletAddress
  escrow: WalletAddress
  verifiers: { sizeClass: SizeClassName; address: WalletAddress; verificationKeyHash: string }[]
}

/** What `from` sends, from its `nonce` on, for a token, the verifiers and an escrow over them. */
export function creationsOf(
  { from, nonce }: { from: WalletAddress; nonce: number },
  { token, rules, verifiers }: CreationsInit,
): Creations {
  const creations: Creation[] = []
  const create = (name: string, abi: InterfaceAbi, bytecode: string, args: readonly unknown[]) => {
    const at = nonce + creations.length
    const address = getCreateAddress({ from, nonce: at })
    creations.push({ name, nonce: at, address, initCode: concat([bytecode, new Interface(abi).encodeDeploy(args)]) })
    return address
  }
  const tokenAt =
    typeof token === 'string' ? token : create('JobToken', tokenArtifact.abi, tokenArtifact.bytecode, [token.holder, token.supplyWei])
  const verifiersAt = verifiers.map(({ sizeClass, verificationKeyHash, bytecode }) => {
    return { sizeClass, address: create(`Verifier${sizeClass}`, [], bytecode, []), verificationKeyHash }
  })
  const args = [tokenAt, verifiersAt.map(sizeClassArgument), rulesArgument(rules), rules.unbondDelaySeconds]
  const escrow = create('Escrow', escrowArtifact.abi, escrowArtifact.bytecode, args)
  return { creations, token: tokenAt, escrow, verifiers: verifiersAt }
}

function sizeClassArgument({ sizeClass, address, verificationKeyHash }: Creations['verifiers'][number]) {
  const { macroJobs, microJobs, payees } = SIZE_CLASSES[sizeClass]
  return { verifier: address, macroJobs, microJobs, payees, verificationKeyHash }
}

function rulesArgument(rules: DeploymentRules) {
  return {
    maxDuration: rules.maxDurationSeconds,
    beaconDelay: rules.beaconDelayBlocks,
    maxAttempts: rules.maxAttempts,
    slashBps: rules.slashBps,
    witnesses: rules.witnesses,
    minBond: rules.minBondWei,
  }
}
