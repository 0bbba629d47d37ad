import type { ServerResponse } from 'node:http'
import { type Behaviour, lying, type Pass, type Request, reply } from './proxy.ts'

/** A node that knows of each transaction's block only so long after it is asked for it the first time. */
export function lateReceipts(lateMs: number, methods: readonly string[] = ['eth_getTransactionReceipt']): Behaviour {
  const asked = new Map<unknown, number>()
  return lying(({ method, params: [hash] }, result) => {
    if (!methods.includes(method) || result === null) return result
    const firstMs = asked.get(hash) ?? Date.now()
    asked.set(hash, firstMs)
    return Date.now() - firstMs < lateMs ? null : result
  })
}

/** A node that shows nothing of any transaction. */
export const forgetful = lateReceipts(Number.POSITIVE_INFINITY, ['eth_getTransactionReceipt', 'eth_getTransactionByHash'])

/** A node that is so many blocks behind: it takes transactions, and all that it says is of the past. */
export const behindBy = (blocks: number): Behaviour => {
  return async (request, response, pass) => {
    const newest = Number((await pass({ method: 'eth_blockNumber', params: [] })).result)
    const seen = Math.max(0, newest - blocks)
    const params = request.params.map((param) => (param === 'latest' ? `0x${seen.toString(16)}` : param))
    const { result, error } = await pass({ method: request.method, params })
    const isAhead = Number((result as { blockNumber?: string } | null | undefined)?.blockNumber) > seen
    reply(response, { id: request.id, ...(error === undefined ? { result: isAhead ? null : result } : { error }) })
  }
}

/** One address before many nodes: each request goes to the next. */
export function balancer(...nodes: readonly Behaviour[]): Behaviour {
  let turn = 0
  return (request: Request, response: ServerResponse, pass: Pass) => nodes[turn++ % nodes.length]!(request, response, pass)
}

/** A gateway that takes no transaction, before a node that shows none. */
export const refusing = (message: string): Behaviour => {
  return async (request, response, pass) => {
    if (request.method === 'eth_sendRawTransaction') return reply(response, { id: request.id, error: { code: -32000, message } })
    if (request.method === 'eth_getTransactionByHash') return reply(response, { id: request.id, result: null })
    reply(response, { id: request.id, ...(await pass()) })
  }
}
