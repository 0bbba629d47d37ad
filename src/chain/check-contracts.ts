import { getAddress } from 'ethers'
import type { Abortable } from '../ports.ts'
import type { ReadableContract } from './contracts.ts'
import { RpcRefusedError, WrongEscrowError } from './errors.ts'
import { isRevert } from './reverts.ts'
import { hex } from './rpc/fields.ts'
import type { Rpc } from './rpc/rpc.ts'

export interface ContractsInit {
  chainId: number
  escrow: ReadableContract
  token: ReadableContract
}

/**
 * Whether the addresses are an escrow and its token, asked until the chain has said so once. A permit for an address that is no escrow would give whoever
 * has it the wallet's tokens, so this comes before anything is signed. Throws WrongEscrowError, and what `rpc.agree` throws.
 */
export function createContractsCheck(rpc: Rpc, { chainId, escrow, token }: ContractsInit): (options?: Abortable) => Promise<void> {
  const hasCode = async (address: string, options: Abortable) =>
    (await rpc.agree('eth_getCode', [address, 'latest'], hex, options)) !== '0x'

  const check = async (options: Abortable) => {
    const wrong = (expected: string, found: string) => new WrongEscrowError({ escrow: escrow.address, chainId, expected, found })
    if (!(await hasCode(escrow.address, options))) throw wrong(`an escrow at ${escrow.address}`, 'no code there')
    const found = await tokenOf(rpc, escrow, options)
    if (found === undefined) throw wrong(`an escrow at ${escrow.address}`, 'another contract, which names no token')
    if (found !== token.address) throw wrong(`an escrow of the token ${token.address} at ${escrow.address}`, `one of the token ${found}`)
    if (!(await hasCode(token.address, options))) throw wrong(`a token at ${token.address}`, 'no code there')
  }

  let isKnown = false
  return async (options = {}) => {
    if (!isKnown) await check(options)
    isKnown = true
  }
}

/** What the contract says its token is; undefined where it says no such thing. Not read as a contract's result, as no endpoint is to blame for it. */
async function tokenOf(rpc: Rpc, { address, abi }: ReadableContract, options: Abortable): Promise<string | undefined> {
  const request = { to: address, data: abi.encodeFunctionData('token') }
  const answer = await rpc.agree('eth_call', [request, 'latest'], hex, options).catch((error: unknown) => {
    if (error instanceof RpcRefusedError && (error.data !== undefined || isRevert(error))) return '0x'
    throw error
  })
  try {
    return getAddress(abi.decodeFunctionResult('token', answer)[0])
  } catch {
    return undefined
  }
}

/** The contract, which is read when it is known to be what it should be. */
export function checked(contract: ReadableContract, check: (options?: Abortable) => Promise<void>): ReadableContract {
  return {
    ...contract,
    async read(name, args, options) {
      await check(options)
      return contract.read(name, args, options)
    },
  }
}
