import { abortable } from '../../abortable.ts'
import type { Abortable } from '../../ports.ts'
import {
  CallRevertedError,
  ChainSourcesDisagreeError,
  ChainStoppedError,
  ChainUnavailableError,
  FeeAboveCapError,
  TransactionPendingError,
  TransactionUnconfirmedError,
} from '../errors.ts'
import { hex, type Receipt } from '../rpc/fields.ts'
import type { SenderComponents, SenderInit } from './components.ts'
import { createHeldTurns } from './held-turns.ts'
import { createLauncher, type Launched } from './launch.ts'
import { findReceipt } from './look-up.ts'
import { poolAnswer } from './node-answers.ts'
import { createNonces } from './nonces.ts'
import { createOnceBook } from './once.ts'
import { checkGasMoney, estimateGas, marketFee } from './prepare.ts'
import type { Call, CallDraft } from './sign.ts'
import type { Tracked } from './tracker.ts'

export interface SendOptions extends Abortable {
  /**
   * True where the chain holds the effect already, whoever brought it about. Asked before a transaction is signed and when one was refused, so
   * that a call which is repeated after a crash, a lost answer or a reorganisation has one effect. A call without it is signed for one nonce and no other,
   * whatever becomes of that: where nobody can tell, it throws TransactionUnconfirmedError.
   */
  isDone?: (options: Abortable) => Promise<boolean>
  /** Hears each hash under which the transaction goes out. */
  onSent?: (hash: string) => void
}

interface SentAs {
  hash: string
  nonce: number
}

type TrackedOptions = Omit<SendOptions, 'onSent'> & { onSent: (sent: SentAs) => void }

export type Sent = { outcome: 'mined'; receipt: Receipt } | { outcome: 'already-done' }

/** Sends one wallet's transactions, one nonce after the other. */
export interface Sender {
  readonly address: string
  /**
   * Resolves when the call's effect has the asked confirmations. An aborted signal keeps a transaction from being sent; one that is on its way
   * is followed up without its caller. Throws CallRevertedError, InsufficientGasMoneyError, TransactionPendingError, TransactionUnconfirmedError,
   * FeeAboveCapError, ChainUnavailableError, ChainStoppedError, and what `ready` of the components throws.
   */
  send(call: CallDraft, options?: SendOptions): Promise<Sent>
  /** Ends all waiting with ChainStoppedError; idempotent. */
  stop(): Promise<void>
}

export function createSender(components: SenderComponents, init: SenderInit): Sender {
  const { signer, clock, logger } = components
  const nonces = createNonces(components, init)
  const stopping = new AbortController()
  const launcher = createLauncher(components, init, stopping.signal)
  const turns = createHeldTurns()
  const once = createOnceBook(components)
  const waiting = new Set<Promise<unknown>>()
  /** What keeps a caller's transaction from being sent. */
  const hindrances = new WeakMap<AbortSignal, Error>()

  /** What holds where the effect is there, if need be by a transaction of ours that shows up late. */
  const effectOf = async (
    earlier: readonly Tracked[],
    { isDone }: Pick<SendOptions, 'isDone'>,
    signal: AbortSignal,
  ): Promise<Sent | undefined> => {
    // Nodes may be late with a receipt, with a state, or with both.
    const is = (await isDone?.({ signal })) ?? false
    for (const tracked of earlier) {
      const receipt = await findReceipt(components, tracked, undefined, signal)
      if (receipt?.succeeded) return { outcome: 'mined', receipt }
    }
    return is ? { outcome: 'already-done' } : undefined
  }

  const launch = (tracked: Tracked, { onSent }: TrackedOptions): Launched => {
    const { nonce } = tracked
    return launcher.launch(tracked, { onSent: (hash) => onSent({ hash, nonce }), onEnd: nonces.hold(nonce) })
  }

  /** One signing and what becomes of it. The queue moves on when it resolves; its result does not hold the queue up. */
  const attempt = async (draft: CallDraft, earlier: readonly Tracked[], options: TrackedOptions, signal: AbortSignal) => {
    await components.ready({ signal })
    const before = await effectOf(earlier, options, signal)
    if (before !== undefined) return before
    const intent = draft.intent === undefined ? undefined : intentOf(draft)
    const resumed =
      intent === undefined
        ? undefined
        : await once.resume(intent, (tracked, isWanted) => launch(tracked, isWanted ? options : { ...options, onSent: () => {} }), signal)
    if (resumed !== undefined) return resumed
    const { name, to, data } = draft
    const call: Call = { name, to, data: typeof data === 'string' ? data : await data({ signal }) }
    const gasLimit = await estimateGas(components, call, signal).catch(async (error: unknown) => {
      // Somebody else may have done it just now.
      const effect = !signal.aborted && error instanceof CallRevertedError ? await effectOf(earlier, options, signal) : undefined
      if (effect === undefined) throw error
      return effect
    })
    if (typeof gasLimit !== 'bigint') return gasLimit
    const fee = await marketFee(components, init, signal)
    await checkGasMoney(components, gasLimit, fee, signal)
    const nonce = await nonces.next(signal)
    signal.throwIfAborted()
    const tracked: Tracked = { call, nonce, gasLimit, versions: [signer.sign(call, nonce, gasLimit, fee)] }
    if (intent !== undefined) await once.keep(intent, tracked, signal)
    logger.debug('sending', { call: call.name, nonce, gasLimit, maxWei: fee.maxWei })
    return { tracked, ...launch(tracked, options) }
  }

  /** What became of it. Who leaves before has not heard it, so that the same call goes on with the same transaction. */
  const told = async (tracked: Tracked, confirmed: Launched['confirmed'], signal: AbortSignal) => {
    try {
      return await abortable(confirmed, signal)
    } finally {
      if (signal.aborted) once.leave(tracked)
      else await once.forget(tracked)
    }
  }

  const deliver = async (draft: CallDraft, options: TrackedOptions, signal: AbortSignal): Promise<Sent> => {
    const earlier: Tracked[] = []
    for (;;) {
      const started = await turns.take(
        () => patiently(() => attempt(draft, earlier, options, signal), signal),
        (value) => ('outcome' in value ? undefined : value.mined),
        signal,
      )
      if ('outcome' in started) return started
      const { tracked } = started
      const end = await told(tracked, started.confirmed, signal)
      if (end === 'overtaken') {
        // Nothing tells whether the effect is there, so that a second transaction might have it twice.
        if (options.isDone === undefined) throw new TransactionUnconfirmedError(draft.name, tracked.versions.at(-1)!.hash, tracked.nonce)
        earlier.push(tracked)
        continue
      }
      if (end.succeeded) return { outcome: 'mined', receipt: end }
      const effect = await effectOf(earlier, options, signal)
      if (effect !== undefined) return effect
      throw await whyReverted(components, tracked.call, end, signal)
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
        hindrances.set(signal, error as Error)
        await clock.sleep(init.pollingIntervalMs, { signal })
      }
    }
  }

  return {
    address: signer.address,
    async send(call, options = {}) {
      if (stopping.signal.aborted) throw new ChainStoppedError()
      options.signal?.throwIfAborted()
      let sentAs: SentAs | undefined
      const onSent = (sent: SentAs) => {
        if (sent.hash !== sentAs?.hash) options.onSent?.(sent.hash)
        sentAs = sent
      }
      const patience = new AbortController()
      const signal = AbortSignal.any([stopping.signal, patience.signal, ...(options.signal === undefined ? [] : [options.signal])])
      const startedMs = clock.nowMs()
      const giveUp = () => {
        const hindrance = hindrances.get(signal)
        const pending = new TransactionPendingError(
          call.name,
          { sentAs, isRepeatable: call.intent === undefined || components.journal !== undefined },
          clock.nowMs() - startedMs,
          hindrance,
        )
        patience.abort(sentAs === undefined && hindrance !== undefined ? hindrance : pending)
      }
      const ended = new AbortController()
      clock.sleep(init.giveUpMs, { signal: ended.signal }).then(giveUp, () => {})
      const delivering = deliver(call, { ...options, onSent }, signal).finally(() => {
        ended.abort()
        waiting.delete(delivering)
      })
      waiting.add(delivering)
      return delivering
    },
    async stop() {
      if (!stopping.signal.aborted) stopping.abort(new ChainStoppedError())
      await Promise.allSettled(waiting)
      await launcher.ended()
    },
  }
}

/** The same call with the same arguments is the same wish. */
const intentOf = ({ name, to, intent }: CallDraft): string => [name, to, intent].join(' ')

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
