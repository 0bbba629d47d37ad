import { Signature, type Wallet } from 'ethers'
import { nowSeconds, type World } from './world.ts'

/** `owner`'s EIP-2612 approval of the escrow for `value`. */
export async function permitOf({ token, escrow, chainId }: World, owner: Wallet, value: bigint) {
  const deadline = (await nowSeconds()) + 3600
  const domain = { name: 'Minga Job Token', version: '1', chainId, verifyingContract: await token.getAddress() }
  const types = {
    Permit: [
      { name: 'owner', type: 'address' },
      { name: 'spender', type: 'address' },
      { name: 'value', type: 'uint256' },
      { name: 'nonce', type: 'uint256' },
      { name: 'deadline', type: 'uint256' },
    ],
  }
  const nonce = await token.getFunction('nonces').staticCall(owner.address)
  const message = { owner: owner.address, spender: await escrow.getAddress(), value, nonce, deadline }
  const { v, r, s } = Signature.from(await owner.signTypedData(domain, types, message))
  return { deadline, v, r, s }
}
