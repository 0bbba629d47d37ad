import type { Abortable, Clock } from '../../ports.ts'
import { ChainUnavailableError } from '../errors.ts'
import { type BlockHead, blockHead } from './fields.ts'
import type { Rpc } from './rpc.ts'

export interface Head {
  /**
   * The newest block that may be built on: of two endpoints the one that is behind, of three the middle one, so that one which lies about its
   * height can hold things up but lead nobody ahead. At most half a polling interval old. Throws ChainUnavailableError.
   */
  latest(options?: Abortable): Promise<BlockHead>
}

export function createHead(
  { rpc, clock }: { rpc: Rpc; clock: Pick<Clock, 'nowMs'> },
  { pollingIntervalMs }: { pollingIntervalMs: number },
): Head {
  let known: BlockHead | undefined
  let knownMs = Number.NEGATIVE_INFINITY
  return {
    async latest(options = {}) {
      if (known !== undefined && clock.nowMs() - knownMs < pollingIntervalMs / 2) return known
      const outcomes = await rpc.all('eth_getBlockByNumber', ['latest', false], blockHead, options)
      const heads = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
      heads.sort((a, b) => a.number - b.number)
      known = heads[Math.floor((heads.length - 1) / 2)]
      if (known === undefined)
        throw new ChainUnavailableError(outcomes.flatMap((o) => (o.status === 'rejected' ? [o.reason as Error] : [])))
      knownMs = clock.nowMs()
      return known
    },
  }
}
