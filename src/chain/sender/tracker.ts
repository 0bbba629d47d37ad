import { DEVELOPMENT_CHAIN_ID } from '../../job/development-chain.ts'
import type { Abortable } from '../../ports.ts'
import { FeeAboveCapError } from '../errors.ts'
import type { Receipt } from '../rpc/fields.ts'
import { broadcast } from './broadcast.ts'
import type { SenderComponents, SenderInit } from './components.ts'
import { type Fee, replacementFee } from './fees.ts'
import { findReceipt, isInSomeBlock, isKnownSomewhere, isNonceUsed } from './look-up.ts'
import { marketFee } from './prepare.ts'
import type { Call, SignedTransaction } from './sign.ts'

/** Each offers an eighth more: together ten times the first price. What is in no block by then is waiting for something else. */
const MAX_VERSIONS = 20
/**
 * Looks in a row at which the nonce is used and no endpoint has a transaction of ours, before it counts as another's, and the time that must lie between the
 * first and the last of them. Receipts come later than nonces where an endpoint is many nodes, or indexes slowly: 76 s are six blocks of the slowest chain in
 * use, and more than any index is behind. A development chain has one node, which waits for nobody.
 */
const OVERTAKEN_LOOKS = 20
const OVERTAKEN_MS = 76_000

/** One nonce's transaction, in all versions that were ever signed; at most one of them can be in the chain. */
export interface Tracked {
  readonly call: Call
  readonly nonce: number
  readonly gasLimit: bigint
  readonly versions: SignedTransaction[]
  /** True where an earlier process may have sent it: what an endpoint says of it is then no end. */
  readonly wasSent?: boolean
  /** Puts these versions away; nothing is sent before it has resolved. */
  keep?: (versions: readonly SignedTransaction[]) => Promise<void>
}

export interface TrackerEvents {
  /** A node took it, or may have. */
  onSent(hash: string): void
  /** In a block; may come again after a reorganisation. */
  onMined(receipt: Receipt): void
  /** As many blocks on top as asked for. */
  onConfirmed(receipt: Receipt): void
  /** The nonce went to a transaction that is not of this process, as far as all endpoints show for long. */
  onOvertaken(): void
  /** No node takes it, and it never was in a pool. */
  onRefused(error: Error): void
}

/**
 * Follows one nonce until it is final, overtaken or refused: sends again what was dropped or reorganised away, offers more for what is stuck.
 * An outage of the endpoints only delays it. Rejects with the signal's reason alone.
 */
export async function track(
  components: SenderComponents,
  init: SenderInit,
  tracked: Tracked,
  events: TrackerEvents,
  signal: AbortSignal,
): Promise<void> {
  const { clock, logger } = components
  const state: State = {
    sentMs: clock.nowMs(),
    wasTaken: false,
    mayBeTaken: tracked.wasSent ?? false,
    overtaken: undefined,
    mined: undefined,
    isConfirmed: false,
    seenHead: undefined,
  }
  const facts = { call: tracked.call.name, nonce: tracked.nonce }
  for (let isFirst = true; ; isFirst = false) {
    try {
      const isOver = isFirst
        ? await offer(components, init, tracked, state, events, signal)
        : await look(components, init, tracked, state, events, signal)
      if (isOver) return
    } catch (error) {
      signal.throwIfAborted()
      logger.debug('a transaction could not be followed up now', { ...facts, error })
    }
    await clock.sleep(init.pollingIntervalMs, { signal })
  }
}

interface State {
  /** When the newest version was sent. */
  sentMs: number
  /** Whether any node ever took any version. */
  wasTaken: boolean
  /** Whether one may have taken a version and its answer was lost: what others say of it is then no end. */
  mayBeTaken: boolean
  /** Looks in a row at which the nonce was another's, and when the first of them was. */
  overtaken: { looks: number; sinceMs: number } | undefined
  mined: Receipt | undefined
  isConfirmed: boolean
  /** The newest block when it was last looked at. */
  seenHead: string | undefined
}

/** One look at the chain; true where there is nothing more to follow. */
async function look(
  components: SenderComponents,
  init: SenderInit,
  tracked: Tracked,
  state: State,
  events: TrackerEvents,
  signal: AbortSignal,
): Promise<boolean> {
  // A transaction that counts can only be lost with a block: while the newest is the same, nothing has changed.
  if (state.isConfirmed && (await components.head.latest({ signal })).hash === state.seenHead) return false
  const found = await findReceipt(components, tracked, state.mined, signal)
  if (found !== undefined) {
    state.overtaken = undefined
    return settleDown(components, init, found, state, events, signal)
  }
  if (state.mined !== undefined) {
    components.logger.warn('a transaction has vanished in a reorganisation and is sent again', {
      call: tracked.call.name,
      hash: state.mined.hash,
      block: state.mined.blockNumber,
    })
    state.mined = undefined
    state.isConfirmed = false
  }
  if (await isNonceUsed(components, tracked, signal)) return isOvertaken(components, tracked, state, events, signal)
  state.overtaken = undefined
  return offer(components, init, tracked, state, events, signal)
}

/** The nonce is used and there is no receipt: ours may be late, so this must stay so for long. True where the nonce counts as another's. */
async function isOvertaken(
  components: SenderComponents,
  tracked: Tracked,
  state: State,
  events: TrackerEvents,
  signal: AbortSignal,
): Promise<boolean> {
  const { clock, chainId } = components
  if (await isInSomeBlock(components, tracked, signal)) {
    state.overtaken = undefined
    return false
  }
  const { looks, sinceMs } = state.overtaken ?? { looks: 0, sinceMs: clock.nowMs() }
  state.overtaken = { looks: looks + 1, sinceMs }
  const enoughMs = chainId === DEVELOPMENT_CHAIN_ID ? 0 : OVERTAKEN_MS
  if (state.overtaken.looks < OVERTAKEN_LOOKS || clock.nowMs() - sinceMs < enoughMs) return false
  components.logger.warn('the nonce went to another transaction of the wallet', { call: tracked.call.name, nonce: tracked.nonce })
  events.onOvertaken()
  return true
}

/** Counts the blocks on top. */
async function settleDown(
  { head }: SenderComponents,
  { confirmations, finalityBlocks }: SenderInit,
  found: Receipt,
  state: State,
  events: TrackerEvents,
  signal: AbortSignal,
): Promise<boolean> {
  if (state.mined?.blockHash !== found.blockHash) {
    state.mined = found
    events.onMined(found)
  }
  const { number, hash } = await head.latest({ signal })
  state.seenHead = hash
  const depth = number - found.blockNumber + 1
  if (depth >= confirmations && !state.isConfirmed) {
    state.isConfirmed = true
    events.onConfirmed(found)
  }
  return depth >= finalityBlocks
}

/** Sends the newest version, or a dearer one where that is stuck; true where no node will ever take it. */
async function offer(
  components: SenderComponents,
  init: SenderInit,
  tracked: Tracked,
  state: State,
  events: TrackerEvents,
  signal: AbortSignal,
): Promise<boolean> {
  if (await isStuck(components, init, tracked, state, { signal })) await reprice(components, init, tracked, state, signal)
  for (;;) {
    const newest = tracked.versions.at(-1)!
    const outcome = await broadcast(components, newest, signal)
    switch (outcome.answer) {
      case 'taken':
      case 'unknown':
        state.wasTaken ||= outcome.answer === 'taken'
        state.mayBeTaken = true
        events.onSent(newest.hash)
        return false
      case 'below-base-fee':
        // No pool holds it, so that an eighth more is no price: the next block tells one.
        if (!(await marketRose(components, init, newest.fee, signal))) return false
        if (!(await reprice(components, init, tracked, state, signal))) return false
        continue
      case 'underpriced':
        if (!(await reprice(components, init, tracked, state, signal))) return false
        continue
      case 'nonce-used':
        return false
      default:
        // A gateway's words may hide that the node behind it took the transaction.
        state.mayBeTaken ||= !outcome.isEverybodys || (await isKnownSomewhere(components, tracked, signal))
        if (state.mayBeTaken) return false
        events.onRefused(outcome.error)
        return true
    }
  }
}

async function isStuck(
  { head, clock }: SenderComponents,
  { stuckAfterMs }: SenderInit,
  { versions }: Tracked,
  { sentMs, wasTaken }: State,
  options: Abortable,
): Promise<boolean> {
  if (!wasTaken) return false
  if (clock.nowMs() - sentMs >= stuckAfterMs) return true
  const { baseFeeWei } = await head.latest(options)
  return baseFeeWei > versions.at(-1)!.fee.maxWei
}

/** True where the market asks for more than was offered, as far as our cap goes. */
async function marketRose(components: SenderComponents, init: SenderInit, offered: Fee, signal: AbortSignal): Promise<boolean> {
  const market = await marketFee(components, init, signal).catch((error: unknown) => {
    if (error instanceof FeeAboveCapError) return undefined
    throw error
  })
  return market !== undefined && market.maxWei > offered.maxWei
}

/** Signs a dearer version; false where the cap, or patience, is at its end. */
async function reprice(
  components: SenderComponents,
  init: SenderInit,
  tracked: Tracked,
  state: State,
  signal: AbortSignal,
): Promise<boolean> {
  const { call, nonce, gasLimit, versions } = tracked
  const before = versions.at(-1)!.fee
  const market = await marketFee(components, init, signal).catch((error: unknown) => {
    if (error instanceof FeeAboveCapError) return undefined
    throw error
  })
  const fee = market === undefined ? undefined : replacementFee(before, market, init.fees)
  if (fee === undefined || versions.length >= MAX_VERSIONS) {
    components.logger.warn('a transaction is stuck, and the cap allows no better offer', { call: call.name, nonce, maxWei: before.maxWei })
    // Looked at again after as long; until then the old offer stands.
    state.sentMs = components.clock.nowMs()
    return false
  }
  const dearer = components.signer.sign(call, nonce, gasLimit, fee)
  try {
    await tracked.keep?.([...versions, dearer])
  } catch (error) {
    components.logger.warn('a dearer transaction cannot be kept, so it is not sent', { call: call.name, nonce, error })
    state.sentMs = components.clock.nowMs()
    return false
  }
  versions.push(dearer)
  state.sentMs = components.clock.nowMs()
  components.logger.info('offering more for a transaction', { call: call.name, nonce, maxWei: fee.maxWei, tipWei: fee.tipWei })
  return true
}
