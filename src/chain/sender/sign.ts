import { keccak256, Transaction, Wallet } from 'ethers'
import type { Fee } from './fees.ts'

/** What a transaction does, whatever its nonce and fee. */
export interface Call {
  /** The name of the call, for errors and the log. */
  name: string
  to: string
  data: string
}

export interface SignedTransaction {
  hash: string
  /** As it goes to the network. */
  raw: string
  fee: Fee
}

export interface TransactionSigner {
  /** EIP-55 checksummed. */
  readonly address: string
  sign(call: Call, nonce: number, gasLimit: bigint, fee: Fee): SignedTransaction
}

/** Signs EIP-1559 transactions for one chain with the 32-byte secret `key`. */
export function createTransactionSigner(key: Uint8Array, chainId: number): TransactionSigner {
  const wallet = new Wallet(`0x${Buffer.from(key).toString('hex')}`)
  return {
    address: wallet.address,
    sign({ to, data }, nonce, gasLimit, fee) {
      const gas = { gasLimit, maxFeePerGas: fee.maxWei, maxPriorityFeePerGas: fee.tipWei }
      const transaction = Transaction.from({ type: 2, chainId, nonce, to, data, value: 0n, ...gas })
      transaction.signature = wallet.signingKey.sign(transaction.unsignedHash)
      const raw = transaction.serialized
      return { hash: keccak256(raw), raw, fee }
    },
  }
}
