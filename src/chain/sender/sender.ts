import type { Abortable } from '../../ports.ts'
import { abortable } from '../abortable.ts'
import {
  CallRevertedError,
  ChainSourcesDisagreeError,
  ChainStoppedError,
  ChainUnavailableError,
  FeeAboveCapError,
  TransactionPendingError,
} from '../errors.ts'
import { hex, type Receipt } from '../rpc/fields.ts'
import type { SenderComponents, SenderInit } from './components.ts'
import { poolAnswer } from './node-answers.ts'
import { createNonces } from './nonces.ts'
import { checkGasMoney, estimateGas, marketFee } from './prepare.ts'
import type { Call, CallDraft } from './sign.ts'
import { type Tracked, track } from './tracker.ts'

/** Each costs a look at every new block; older ones than these are left to whoever reads the chain's state. */
const MAX_WATCHED = 64

export interface SendOptions extends Abortable {
  /**
   * True where the chain holds the effect already, whoever brought it about. Asked before a transaction is signed and when one was refused, so
   * that a call which is repeated after a crash, a lost answer or a reorganisation has one effect.
   */
  isDone?: (options: Abortable) => Promise<boolean>
  /** Hears each hash under which the transaction goes out. */
  onSent?: (hash: string) => void
}

export type Sent = { outcome: 'mined'; receipt: Receipt } | { outcome: 'already-done' }

/** Sends one wallet's transactions, one nonce after the other. */
export interface Sender {
  readonly address: string
  /**
   * Resolves when the call's effect has the asked confirmations. An aborted signal keeps a transaction from being sent; one that is on its way
   * is followed up without its caller. Throws CallRevertedError, InsufficientGasMoneyError, TransactionPendingError, FeeAboveCapError,
   * ChainUnavailableError, ChainStoppedError.
   */
  send(call: CallDraft, options?: SendOptions): Promise<Sent>
  /** Ends all waiting with ChainStoppedError; idempotent. */
  stop(): Promise<void>
}

export function createSender(components: SenderComponents, init: SenderInit): Sender {
  const { signer, clock, logger } = components
  const nonces = createNonces(components, init)
  const stopping = new AbortController()
  const watched: AbortController[] = []
  const running = new Set<Promise<unknown>>()
  let queue: Promise<unknown> = Promise.resolve()

  const run = <T>(task: Promise<T>): Promise<T> => {
    const done = task.catch(() => {}).finally(() => running.delete(done))
    running.add(done)
    return task
  }

  /** A transaction is on its way from here on: `mined` frees the next one, `confirmed` is the caller's. */
  const launch = (tracked: Tracked, onSent: (hash: string) => void) => {
    const release = nonces.hold(tracked.nonce)
    const own = new AbortController()
    const mined = Promise.withResolvers<void>()
    const confirmed = Promise.withResolvers<Receipt | 'overtaken'>()
    const end = (error: unknown) => {
      mined.resolve()
      confirmed.reject(error)
    }
    const events = {
      onSent,
      onMined: () => mined.resolve(),
      onConfirmed: (receipt: Receipt) => {
        confirmed.resolve(receipt)
        watched.push(own)
        if (watched.length > MAX_WATCHED) watched.shift()!.abort()
      },
      onOvertaken: () => {
        mined.resolve()
        confirmed.resolve('overtaken')
      },
      onRefused: (error: Error) => end(components.explain(error, tracked.call)),
    }
    const signal = AbortSignal.any([stopping.signal, own.signal])
    confirmed.promise.catch(() => {})
    run(
      track(components, init, tracked, events, signal)
        .catch(end)
        .finally(() => {
          release()
          const at = watched.indexOf(own)
          if (at >= 0) watched.splice(at, 1)
        }),
    ).catch(() => {})
    return { mined: mined.promise, confirmed: confirmed.promise }
  }

  /** One signing and what becomes of it. The queue moves on when it resolves; its result does not hold the queue up. */
  const attempt = async ({ data, ...draft }: CallDraft, { isDone, onSent }: SendOptions, signal: AbortSignal) => {
    if (await isDone?.({ signal })) return 'already-done' as const
    const call: Call = { ...draft, data: typeof data === 'string' ? data : await data({ signal }) }
    const gasLimit = await estimateGas(components, call, signal).catch(async (error: unknown) => {
      // Somebody else may have done it just now.
      if (!signal.aborted && error instanceof CallRevertedError && (await isDone?.({ signal }))) return undefined
      throw error
    })
    if (gasLimit === undefined) return 'already-done' as const
    const fee = await marketFee(components, init, signal)
    await checkGasMoney(components, gasLimit, fee, signal)
    const nonce = await nonces.next(signal)
    signal.throwIfAborted()
    const tracked: Tracked = { call, nonce, gasLimit, versions: [signer.sign(call, nonce, gasLimit, fee)] }
    logger.debug('sending', { call: call.name, nonce, gasLimit, maxWei: fee.maxWei })
    return { call, ...launch(tracked, (hash) => onSent?.(hash)) }
  }

  /** Runs `task` when all before it have; whoever comes next waits for what `holds` gives. Whoever leaves the queue lets nobody past. */
  const inTurn = async <T>(task: () => Promise<T>, holds: (value: T) => Promise<unknown> | undefined, signal: AbortSignal): Promise<T> => {
    const before = queue
    const turn = Promise.withResolvers<unknown>()
    queue = before.then(() => turn.promise)
    try {
      await abortable(before, signal)
      const value = await task()
      turn.resolve(holds(value))
      return value
    } catch (error) {
      turn.resolve(undefined)
      throw error
    }
  }

  const deliver = async (draft: CallDraft, options: SendOptions, signal: AbortSignal): Promise<Sent> => {
    for (;;) {
      const started = await inTurn(
        () => patiently(() => attempt(draft, options, signal), signal),
        (value) => (value === 'already-done' ? undefined : value.mined),
        signal,
      )
      if (started === 'already-done') return { outcome: 'already-done' }
      const end = await abortable(started.confirmed, signal)
      if (end === 'overtaken') continue
      if (end.succeeded) return { outcome: 'mined', receipt: end }
      if (await options.isDone?.({ signal })) return { outcome: 'already-done' }
      throw await whyReverted(components, started.call, end, signal)
    }
  }

  /** Outages and dear blocks pass. */
  const patiently = async <T>(task: () => Promise<T>, signal: AbortSignal): Promise<T> => {
    for (;;) {
      try {
        return await task()
      } catch (error) {
        if (signal.aborted || !isPassing(error)) throw signal.aborted ? signal.reason : error
        logger.debug('a transaction cannot be sent yet', { error })
        lastHindrance.set(signal, error as Error)
        await clock.sleep(init.pollingIntervalMs, { signal })
      }
    }
  }
  const lastHindrance = new WeakMap<AbortSignal, Error>()

  return {
    address: signer.address,
    async send(call, options = {}) {
      if (stopping.signal.aborted) throw new ChainStoppedError()
      options.signal?.throwIfAborted()
      let sentAs: string | undefined
      const onSent = (hash: string) => {
        if (hash !== sentAs) options.onSent?.(hash)
        sentAs = hash
      }
      const patience = new AbortController()
      const signal = AbortSignal.any([stopping.signal, patience.signal, ...(options.signal === undefined ? [] : [options.signal])])
      const startedMs = clock.nowMs()
      const giveUp = () => {
        const hindrance = lastHindrance.get(signal)
        const pending = new TransactionPendingError(call.name, sentAs, clock.nowMs() - startedMs, hindrance)
        patience.abort(sentAs === undefined && hindrance !== undefined ? hindrance : pending)
      }
      const ended = new AbortController()
      clock.sleep(init.giveUpMs, { signal: ended.signal }).then(giveUp, () => {})
      try {
        return await run(deliver(call, { ...options, onSent }, signal))
      } finally {
        ended.abort()
      }
    },
    async stop() {
      if (!stopping.signal.aborted) stopping.abort(new ChainStoppedError())
      await Promise.allSettled(running)
    },
  }
}

function isPassing(error: unknown): boolean {
  return (
    error instanceof ChainUnavailableError ||
    error instanceof ChainSourcesDisagreeError ||
    error instanceof FeeAboveCapError ||
    poolAnswer(error) === 'below-base-fee'
  )
}

/** The contract's reason, found by the same call on the block before: a receipt has none. */
async function whyReverted({ rpc, signer, explain }: SenderComponents, call: Call, receipt: Receipt, signal: AbortSignal): Promise<Error> {
  const request = { from: signer.address, to: call.to, data: call.data }
  try {
    await rpc.ask('eth_call', [request, `0x${receipt.blockNumber.toString(16)}`], hex, { signal })
    return new CallRevertedError(call.name, undefined, { transaction: receipt.hash })
  } catch (error) {
    signal.throwIfAborted()
    return explain(error, call)
  }
}
