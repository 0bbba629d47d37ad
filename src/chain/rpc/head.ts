import { abortable } from '../../abortable.ts'
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
  let known: Promise<BlockHead> | undefined
  let askedMs = Number.NEGATIVE_INFINITY

  const ask = async () => {
    const outcomes = await rpc.all('eth_getBlockByNumber', ['latest', false], blockHead)
    const heads = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
    heads.sort((a, b) => a.number - b.number)
    const middle = heads[Math.floor((heads.length - 1) / 2)]
    if (middle !== undefined) return middle
    throw new ChainUnavailableError(outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as Error] : [])))
  }

  return {
    latest({ signal } = {}) {
      // One question for all who ask at a time; it is no one's to cancel, and ends by the endpoints' timeout.
      if (known === undefined || clock.nowMs() - askedMs >= pollingIntervalMs / 2) {
        askedMs = clock.nowMs()
        known = ask()
        known.catch(() => {
          known = undefined
        })
      }
      return abortable(known, signal)
    },
  }
}
