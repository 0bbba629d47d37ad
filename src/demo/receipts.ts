import type { Abortable } from '../ports.ts'

/** The gas of a transaction on the demo's own chain; undefined where it does not know the transaction. */
export async function gasOf(rpcUrl: string, transaction: string, { signal }: Abortable = {}): Promise<number | undefined> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_getTransactionReceipt', params: [transaction] })
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(rpcUrl, { method: 'POST', headers, body, ...(signal && { signal }) })
  const { result } = (await response.json()) as { result: { gasUsed: string } | null }
  return result === null ? undefined : Number(result.gasUsed)
}
