import { keccak256, Transaction, type Wallet } from 'ethers'
import type { Abortable } from '../../ports.ts'
import type { Fee } from './fees.ts'

/** What a transaction does, whatever its nonce and fee. */
export interface Call {
  /** The name of the call, for errors and the log. */
  name: string
  to: string
  data: string
}

/** A call whose data may hold for a moment only, and is then made when the wallet's turn has come. */
export interface CallDraft extends Omit<Call, 'data'> {
  data: string | ((options: Abortable) => Promise<string>)
  /** What is wanted, where a second transaction would have a second effect; without it the contract itself refuses a second, or it changes nothing. */
  intent?: string
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

/** Signs EIP-1559 transactions for one chain. */
export function createTransactionSigner(wallet: Pick<Wallet, 'address' | 'signingKey'>, chainId: number): TransactionSigner {
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
