import { Signature, type Wallet } from 'ethers'
import type { Abortable } from '../ports.ts'
import type { ReadableContract } from './contracts.ts'
import type { Head } from './rpc/head.ts'

/** A permit that reaches no block within an hour is signed anew; what is not used soon should not lie about. */
const VALID_SECONDS = 3600

const TYPES = {
  Permit: [
    { name: 'owner', type: 'address' },
    { name: 'spender', type: 'address' },
    { name: 'value', type: 'uint256' },
    { name: 'nonce', type: 'uint256' },
    { name: 'deadline', type: 'uint256' },
  ],
}

export interface Permit {
  deadline: number
  v: number
  r: string
  s: string
}

export interface PermitSigner {
  /** Allows the escrow `amountWei` of the wallet's tokens (EIP-2612). Holds until the wallet's next permit is used. */
  sign(amountWei: bigint, options?: Abortable): Promise<Permit>
}

export function createPermitSigner(
  { token, head, wallet }: { token: ReadableContract; head: Head; wallet: Pick<Wallet, 'address' | 'signTypedData'> },
  { chainId, spender }: { chainId: number; spender: string },
): PermitSigner {
  let names: Promise<{ name: string; version: string }> | undefined
  const readNames = async () => {
    // Where the token's nodes are out of reach this is asked again.
    const [, name, version] = await token.read('eip712Domain', []).catch((error: unknown) => {
      names = undefined
      throw error
    })
    return { name, version }
  }
  return {
    async sign(amountWei, options = {}) {
      names ??= readNames()
      const { name, version } = await names
      const [nonce] = await token.read('nonces', [wallet.address], options)
      const { timestamp } = await head.latest(options)
      const deadline = timestamp + VALID_SECONDS
      const domain = { name, version, chainId, verifyingContract: token.address }
      const message = { owner: wallet.address, spender, value: amountWei, nonce, deadline }
      const { v, r, s } = Signature.from(await wallet.signTypedData(domain, TYPES, message))
      return { deadline, v, r, s }
    },
  }
}
