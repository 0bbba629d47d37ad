import { HDNodeWallet } from 'ethers'
import { type Anvil, startAnvil } from '../../../src/chain/devnet/anvil.ts'

export const CHAIN_ID = 31337
export const MNEMONIC = 'test test test test test test test test test test test junk'

/** The secret of the rich account `index`. */
export function accountKey(index: number): string {
  return HDNodeWallet.fromPhrase(MNEMONIC, undefined, `m/44'/60'/0'/0/${index}`).privateKey
}

/** A real chain on a free port, or the given one. */
export function anvil(init: { port?: number; chainId?: number; loadState?: string } = {}): Promise<Anvil> {
  return startAnvil({ port: 0, chainId: CHAIN_ID, mnemonic: MNEMONIC, accounts: 5, ...init })
}

/** One call to it, past everything of ours. */
export async function call(url: string, method: string, ...params: unknown[]): Promise<unknown> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
  const answer = (await response.json()) as { result?: unknown; error?: { message: string } }
  if (answer.error !== undefined) throw new Error(`${method}: ${answer.error.message}`)
  return answer.result
}

/** Where the test contracts stand. */
export const COUNTER = '0x00000000000000000000000000000000000c0de0'
export const REFUSER = '0x00000000000000000000000000000000000c0de1'

/** Counts its calls in word 0: SSTORE(0, SLOAD(0) + 1). Its effect shows how often a call was really made. */
export const setCounter = (url: string) => call(url, 'anvil_setCode', COUNTER, '0x6000546001016000555f5ff3')

/** Refuses every call with Refused(uint256 7): MSTORE the selector and the word, REVERT 36 bytes. */
export const setRefuser = (url: string, selector: string) =>
  call(url, 'anvil_setCode', REFUSER, `0x63${selector.slice(2)}60e01b5f5260076004526024 5ffd`.replace(' ', ''))

export const counted = async (url: string) => Number(BigInt((await call(url, 'eth_getStorageAt', COUNTER, '0x0', 'latest')) as string))
