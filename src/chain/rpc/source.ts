import { abortable } from '../../abortable.ts'
import type { Logger } from '../../log.ts'
import type { Abortable, Clock } from '../../ports.ts'
import { RpcFailedError, RpcRefusedError, WrongChainError } from '../errors.ts'
import { createBreaker } from './breaker.ts'
import { count, type Parse } from './fields.ts'
import type { Transport } from './transport.ts'

/** One endpoint that is trusted with nothing: its chain id is checked before its first word counts, and again after each failure. */
export interface Source {
  readonly host: string
  /** True where it may be asked now. */
  allows(): boolean
  /** Throws RpcFailedError, RpcRefusedError, WrongChainError. */
  ask<T>(method: string, params: readonly unknown[], parse: Parse<T>, options?: Abortable): Promise<T>
}

export interface SourceComponents {
  transport: Transport
  clock: Pick<Clock, 'nowMs'>
  logger: Logger
}

export function createSource({ transport, clock, logger }: SourceComponents, { chainId }: { chainId: number }): Source {
  const breaker = createBreaker(clock)
  const { host } = transport
  let verified: Promise<void> | undefined
  let isWell = true

  // Shared by all who ask meanwhile, so it is no one's to cancel.
  const verify = async () => {
    const found = parsed(host, count, await transport.send('eth_chainId', []))
    if (found !== chainId) throw new WrongChainError(host, chainId, found)
  }

  const note = (error: unknown) => {
    verified = undefined
    breaker.failed()
    if (isWell) logger.warn('an RPC endpoint fails', { host, error: (error as Error).message })
    isWell = false
  }

  return {
    host,
    allows: () => breaker.allows(),
    async ask(method, params, parse, options = {}) {
      try {
        verified ??= verify()
        await abortable(verified, options.signal)
        const value = parsed(host, parse, await transport.send(method, params, options))
        breaker.succeeded()
        if (!isWell) logger.info('an RPC endpoint answers again', { host })
        isWell = true
        return value
      } catch (error) {
        // Who is cancelled by the caller failed nobody; who was dismissed for being slow did.
        if (options.signal?.aborted && !(error instanceof RpcFailedError)) throw error
        // An error of JSON-RPC is an answer, unless it says that the node is in no state to give one.
        if (!(error instanceof RpcRefusedError) || isNodesFault(error)) note(error)
        throw error
      }
    },
  }
}

function parsed<T>(host: string, parse: Parse<T>, answer: unknown): T {
  try {
    return parse(answer)
  } catch (error) {
    throw new RpcFailedError(host, 'malformed', `something else: ${(error as Error).message}`)
  }
}

/** Parse error, invalid request, internal error, resource unavailable, limit exceeded: another node may do better. */
export function isNodesFault({ code, data }: RpcRefusedError): boolean {
  return data === undefined && [-32700, -32600, -32603, -32002, -32005].includes(code)
}
