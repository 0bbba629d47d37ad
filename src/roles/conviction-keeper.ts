import { awaitsConviction, convictionDuties } from '../job/conviction.ts'
import type { Duty } from '../job/duties.ts'
import { dutyDueMs, type Patience } from '../job/patience.ts'
import type { JobView } from '../job/view.ts'
import type { Logger } from '../log.ts'
import type { Abortable, Clock, PeerId } from '../ports.ts'
import { dutyRetryMs } from './duty-keeper.ts'
import { doEscrowDuty, type EscrowComponents } from './escrow-worker.ts'
import type { JobSession } from './job-session.ts'

/**
 * How long a peer keeps to a conviction: one transaction that is given up (10 min, `chain.giveUpMs`), another try, and all turns of a full Job. Nothing is
 * lost by the time that passes, as a bond cannot be taken back while a Job may last; yet a witness that has gone for good must not be waited for without end.
 */
const KEEP_MS = 30 * 60_000
/** A call that the escrow refused costs nothing: it is tried again as often as a slow chain has a block, as a bond may have been raised meanwhile. */
const MAX_RETRY_MS = 15_000
/** With nothing moving, the clock alone makes later ranks due. */
const TICK_MS = 500

export interface ConvictionKeeperComponents {
  self: PeerId
  escrow: EscrowComponents
  /** The wallet's 32-byte secret. */
  walletKey: Uint8Array
  clock: Clock
  logger: Logger
}

export interface ConvictionKeeperOptions extends Required<Abortable> {
  /** Ids of `convict` duties that the chain has taken; more are added. */
  done: Set<string>
  /** False while the view does not show yet all that there is. */
  isKnown(view: JobView): boolean
}

/**
 * Does what peer `self` owes to convictions in one Job, whatever has become of the Job: until nothing is left to do, the time is over, or the signal is
 * aborted. The session stays the caller's.
 */
export async function keepConvictions(
  components: ConvictionKeeperComponents,
  session: JobSession,
  patience: Patience,
  options: ConvictionKeeperOptions,
): Promise<void> {
  await new ConvictionKeeper(components, session, patience, options).run()
}

interface Pending {
  sinceMs: number
  failures: number
  notBeforeMs: number
}

class ConvictionKeeper {
  readonly #components: ConvictionKeeperComponents
  readonly #session: JobSession
  readonly #patience: Patience
  readonly #options: ConvictionKeeperOptions
  readonly #pending = new Map<string, Pending>()

  constructor(components: ConvictionKeeperComponents, session: JobSession, patience: Patience, options: ConvictionKeeperOptions) {
    this.#components = components
    this.#session = session
    this.#patience = patience
    this.#options = options
  }

  async run(): Promise<void> {
    const { clock, logger } = this.#components
    const { jobId, view } = this.#session
    const endMs = clock.nowMs() + KEEP_MS
    while (!this.#options.signal.aborted) {
      if (this.#options.isKnown(view) && !this.#awaits()) return
      if (clock.nowMs() >= endMs) return logger.warn('a conviction was not made in time', { jobId })
      await this.#step()
      await this.#pause()
    }
  }

  #awaits = () => awaitsConviction(this.#session.view, this.#info(), this.#components.self, this.#options.done)

  #info() {
    const { info } = this.#session.view
    if (info === undefined) throw new TypeError('a Job that is kept has a description')
    return info
  }

  /** One duty after another: all go through one wallet. */
  async #step(): Promise<void> {
    const { clock, self } = this.#components
    for (const duty of convictionDuties(this.#session.view, this.#info(), self, this.#options.done)) {
      if (this.#options.signal.aborted) return
      const pending = this.#pending.get(duty.id) ?? { sinceMs: clock.nowMs(), failures: 0, notBeforeMs: 0 }
      this.#pending.set(duty.id, pending)
      // Nobody can tell who of the others is still there: whoever has left the Job keeps to this, too.
      const dueMs = dutyDueMs(duty, this.#patience, { sinceMs: pending.sinceMs, stillMs: 0, alive: () => true })
      if (clock.nowMs() >= Math.max(dueMs, pending.notBeforeMs)) await this.#do(duty, pending)
    }
  }

  async #do(duty: Extract<Duty, { kind: 'testify' | 'convict' }>, pending: Pending): Promise<void> {
    const { escrow, walletKey, clock, logger } = this.#components
    const { jobId } = this.#session
    const job = { jobId, info: this.#info(), session: this.#session }
    logger.debug('duty', { jobId, duty: duty.id })
    try {
      await doEscrowDuty({ escrow, walletKey, logger }, job, duty, { signal: this.#options.signal })
      if (duty.kind === 'convict') this.#options.done.add(duty.id)
    } catch (error) {
      pending.notBeforeMs = clock.nowMs() + Math.min(MAX_RETRY_MS, dutyRetryMs(pending.failures++))
      if (!this.#options.signal.aborted) logger.warn('a duty failed and will be tried again', { jobId, duty: duty.id, error })
    }
  }

  async #pause(): Promise<void> {
    const over = new AbortController()
    const stop = this.#session.onChange(() => over.abort())
    await this.#components.clock.sleep(TICK_MS, { signal: AbortSignal.any([over.signal, this.#options.signal]) }).catch(() => {})
    stop()
  }
}
