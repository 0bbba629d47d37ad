import type { Logger } from '../../log.ts'
import type { ChainEvent, Clock } from '../../ports.ts'
import type { ReadableContract } from '../contracts.ts'
import { type BlockHead, blockHead, type ChainLog, logList, nullable } from '../rpc/fields.ts'
import type { Head } from '../rpc/head.ts'
import type { Rpc } from '../rpc/rpc.ts'
import { decodeEvent } from './decode.ts'
import { createTrail, type Trail } from './trail.ts'

/** What public endpoints answer in one go; a busier escrow has the range halved. */
const MAX_BLOCKS = 1_000

export interface FollowComponents {
  rpc: Rpc
  head: Head
  escrow: ReadableContract
  clock: Clock
  logger: Logger
}

/**
 * The escrow's events from `fromBlock` on, as the RPC endpoints agree on them. Where the newest block is no longer the one that was told about, that one is
 * looked up again, and where it has changed, everything from the fork on is told anew. So while nothing happens a look is one question. Outages only delay.
 * Ends with the signal's reason.
 */
export async function* follow(
  components: FollowComponents,
  { fromBlock, pollingIntervalMs }: { fromBlock: number; pollingIntervalMs: number },
  signal: AbortSignal,
): AsyncGenerator<ChainEvent> {
  const { clock, logger, head } = components
  const trail = createTrail()
  let next = fromBlock
  let span = MAX_BLOCKS
  for (;;) {
    try {
      const newest = await head.latest({ signal })
      const fork = newest.hash === trail.last()?.hash ? undefined : await findFork(components, trail, signal)
      if (fork !== undefined) {
        logger.warn('the chain was reorganised', { fromBlock: fork })
        trail.cut(fork)
        next = Math.max(fork, fromBlock)
        yield { type: 'chain:reorganized', fromBlock: next }
      }
      if (newest.number >= next) {
        const step = await readStep(components, next, Math.min(next + span - 1, newest.number), newest, signal)
        yield* step.events
        trail.add(step.last)
        next = step.last.number + 1
        span = MAX_BLOCKS
        yield { type: 'chain:advanced', blockNumber: step.last.number, timestamp: step.last.timestamp }
        if (newest.number >= next) continue
      }
    } catch (error) {
      signal.throwIfAborted()
      span = Math.max(1, Math.floor(span / 2))
      logger.debug('the chain’s events cannot be read now', { next, error })
    }
    await clock.sleep(pollingIntervalMs, { signal })
  }
}

/** Events of the blocks, and the last of these, which is the same before and after: logs and blocks are of one chain. `newest` was read just now. */
async function readStep({ rpc, escrow }: FollowComponents, from: number, to: number, newest: BlockHead, signal: AbortSignal) {
  const before = to === newest.number ? newest : await blockAt(rpc, to, signal)
  const filter = { address: escrow.address, fromBlock: hexOf(from), toBlock: hexOf(to) }
  const logs = await rpc.agree('eth_getLogs', [filter], logsWithin(escrow.address, from, to), { signal })
  const last = await blockAt(rpc, to, signal)
  if (last === undefined || before?.hash !== last.hash) throw new Error(`block ${to} changed while it was read`)
  return { last, events: logs.flatMap((log) => eventOf(escrow, log)) }
}

function eventOf({ abi }: ReadableContract, log: ChainLog): ChainEvent[] {
  const event = decodeEvent(abi, log)
  return event === undefined ? [] : [{ ...event, blockNumber: log.blockNumber, transaction: log.transactionHash }]
}

/** Logs of another contract, or of blocks that were not asked for, are a lie or a bug of the node. */
const logsWithin = (address: string, from: number, to: number) => (answer: unknown) => {
  const logs = logList(answer)
  for (const log of logs) {
    if (log.address !== address.toLowerCase()) throw new Error('expected logs of the escrow')
    if (log.blockNumber < from || log.blockNumber > to) throw new Error('expected logs of the blocks asked for')
  }
  return [...logs].sort((a, b) => a.blockNumber - b.blockNumber || a.index - b.index)
}

/** The first block that was told about and is no longer in the chain; undefined where all are. */
async function findFork({ rpc }: FollowComponents, trail: Trail, signal: AbortSignal): Promise<number | undefined> {
  let fork: number | undefined
  for (const { number, hash } of trail.backwards()) {
    if ((await blockAt(rpc, number, signal))?.hash === hash) return fork === undefined ? undefined : number + 1
    fork = number
  }
  return fork === undefined ? undefined : 0
}

function blockAt(rpc: Rpc, number: number, signal: AbortSignal): Promise<BlockHead | undefined> {
  return rpc.agree('eth_getBlockByNumber', [hexOf(number), false], nullable(blockHead), { signal })
}

const hexOf = (number: number) => `0x${number.toString(16)}`
