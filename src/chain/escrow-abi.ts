import { Interface, type InterfaceAbi } from 'ethers'
import escrow from './deploy/artifacts/Escrow.json' with { type: 'json' }
import token from './deploy/artifacts/JobToken.json' with { type: 'json' }

/** The escrow: what it is called with, what it says and why it refuses. Names are the contract's: its `jobId` is our escrow id. */
export const ESCROW = new Interface(escrow.abi as InterfaceAbi)

/** The token, with the errors of ERC-6093 and of its permit. */
export const TOKEN = new Interface(token.abi as InterfaceAbi)
