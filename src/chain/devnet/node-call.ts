import type { Abortable } from '../../ports.ts'
import { createTransport } from '../rpc/transport.ts'

/** A state of many blocks takes a while to be put together, and is large. */
const CALL_TIMEOUT_MS = 30_000
const MAX_STATE_BYTES = 512 * 1024 * 1024

/** Calls the development chain that this process has started, the methods included that only such a chain has. */
export type NodeCall = (method: string, params?: readonly unknown[], options?: Abortable) => Promise<unknown>

export function createNodeCall(url: string): NodeCall {
  const transport = createTransport(url, { timeoutMs: CALL_TIMEOUT_MS, maxBytes: MAX_STATE_BYTES })
  return (method, params = [], options) => transport.send(method, params, options)
}
