import { EXIT, MingaError } from '../../errors.ts'

/** A verifier of the development key, under which anybody can forge proofs, should be deployed where money is real. */
export class InsecureVerifierError extends MingaError {
  override readonly name = 'InsecureVerifierError'
  readonly exitCode = EXIT.verification
  readonly chainId: number
  readonly sizeClass: string

  constructor(chainId: number, sizeClass: string) {
    super({
      message: `expected a verifier from a ceremony on chain ${chainId}, found the development key's for ${sizeClass}`,
      hint: 'hold a ceremony (docs/SETTLEMENT.md, "Keys") and give what it exported to `npm run deploy -- --keys`; the development key is for chain 31337 alone',
    })
    this.chainId = chainId
    this.sizeClass = sizeClass
  }
}

/** A contract was not created. */
export class DeploymentFailedError extends MingaError {
  override readonly name = 'DeploymentFailedError'
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

/** A nonce that a deployment has planned with is taken by something else, or may be. */
export class DeploymentStuckError extends MingaError {
  override readonly name = 'DeploymentStuckError'
  readonly exitCode = EXIT.network
  /** The contract that was to have the nonce; undefined before anything was planned. */
  readonly contract: string | undefined
  readonly nonce: number

  constructor(contract: string | undefined, nonce: number) {
    const found = contract === undefined ? 'transactions of this wallet on their way' : 'another transaction with it'
    super({
      message: `expected nonce ${nonce} of the deployer to be free${contract === undefined ? '' : ` for ${contract}`}, found ${found}`,
      hint: 'wait until nothing of this wallet is pending, use it for nothing else meanwhile, and begin anew in an empty --out folder',
    })
    this.contract = contract
    this.nonce = nonce
  }
}

/** The folder holds the journal of another deployment than the one that is asked for. */
export class OtherDeploymentError extends MingaError {
  override readonly name = 'OtherDeploymentError'
  readonly exitCode = EXIT.usage

  constructor(chainId: number, deployer: string) {
    super({
      message: `expected the journal of this deployment, found that of another one, on chain ${chainId} by ${deployer}`,
      hint: 'give the same keys, token and wallet as before to go on, or an empty --out folder to begin anew',
    })
  }
}

/** An existing token lacks what peers and clients need of it. */
export class UnfitTokenError extends MingaError {
  override readonly name = 'UnfitTokenError'
  readonly exitCode = EXIT.usage
  readonly token: string

  constructor(token: string, found: string, cause?: unknown) {
    super({
      message: `expected a token with 18 decimals, permits (EIP-2612, EIP-5267) and burn at ${token}, found ${found}`,
      hint: 'leave --token away for a new one: contracts/JobToken.sol',
      cause,
    })
    this.token = token
  }
}
