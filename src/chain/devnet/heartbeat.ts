import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import type { Logger } from '../../log.ts'
import type { Clock } from '../../ports.ts'
import { blockHead } from '../rpc/fields.ts'
import { writeWhole } from './files.ts'
import type { NodeCall } from './node-call.ts'

/** What a kill -9 may lose: whoever sent it sees a reorganisation and sends it again. */
const LOOK_MS = 250
/**
 * A beacon is the hash of a later block, and confirmations are blocks on top: after a transaction they come each second, so many of them, and the first three,
 * for which a Job waits, with each look.
 */
const BLOCK_MS = 1_000
const BLOCKS_AT_ONCE = 3
const BLOCKS_AFTER_TRANSACTION = 20
/** The contract's clock is the newest block's: this far it may be behind while nothing happens. */
const IDLE_BLOCK_MS = 15_000

export interface Heartbeat {
  /** Writes the last state and ends; idempotent. */
  stop(): Promise<void>
}

/** Between two blocks, `blocks` after the last that came of itself. */
function pauseMs(blocks: number): number {
  if (blocks < BLOCKS_AT_ONCE) return 0
  return blocks < BLOCKS_AFTER_TRANSACTION ? BLOCK_MS : IDLE_BLOCK_MS
}

/** Lets blocks come while somebody may wait for them, and keeps the chain's state on the disk. */
export function startHeartbeat(
  { call, clock, logger }: { call: NodeCall; clock: Clock; logger: Logger },
  { statePath }: { statePath: string },
): Heartbeat {
  const stopping = new AbortController()
  let savedHash: string | undefined
  let ownNumber = -1
  let activeNumber = 0
  let minedMs = clock.nowMs()

  const newest = async () => blockHead(await call('eth_getBlockByNumber', ['latest', false]))

  const save = async () => {
    const { hash } = await newest()
    if (hash === savedHash) return
    const packed = Buffer.from(String(await call('anvil_dumpState')).slice(2), 'hex')
    await writeWhole(statePath, (await promisify(gunzip)(packed)).toString())
    savedHash = hash
  }

  const mine = async () => {
    const { number } = await newest()
    if (number !== ownNumber) activeNumber = number
    if (clock.nowMs() - minedMs < pauseMs(number - activeNumber)) return
    await call('evm_mine')
    minedMs = clock.nowMs()
    ownNumber = number + 1
  }

  const beat = async () => {
    while (!stopping.signal.aborted) {
      await mine()
        .then(save)
        .catch((error: unknown) => logger.warn('the development chain cannot be looked after', { error }))
      await clock.sleep(LOOK_MS, { signal: stopping.signal }).catch(() => {})
    }
    await save().catch((error: unknown) => logger.warn('the development chain’s last state is lost', { error }))
  }
  const beating = beat()
  return {
    stop() {
      stopping.abort()
      return beating
    },
  }
}
