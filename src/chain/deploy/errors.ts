import { EXIT, MingaError } from '../../errors.ts'

/** A verifier of the development key, under which anybody can forge proofs, should be deployed where money is real. */
export class InsecureVerifierError extends MingaError {
  readonly exitCode = EXIT.verification
  readonly chainId: number
  readonly sizeClass: string

  constructor(chainId: number, sizeClass: string) {
    super({
      message: `expected a verifier from a ceremony on chain ${chainId}, found the development key's for ${sizeClass}`,
      hint: 'hold a ceremony (docs/SETTLEMENT.md, "Keys") and deploy its verifiers; the development key is for chain 31337 alone',
    })
    this.chainId = chainId
    this.sizeClass = sizeClass
  }
}

/** A contract was not created. */
export class DeploymentFailedError extends MingaError {
  readonly exitCode = EXIT.network
  readonly contract: string
  readonly transaction: string | undefined

  constructor(contract: string, transaction: string | undefined, cause?: unknown) {
    super({
      message: `expected ${contract} to be deployed, found ${transaction === undefined ? 'its transaction refused' : 'its transaction failed'}`,
      hint: "look at the deployer's balance and at the chain's gas limit",
      cause,
    })
    this.contract = contract
    this.transaction = transaction
  }
}
