import { nonceAt } from '../job/beacon.ts'
import { type Duty, dutiesOf, type Findings } from '../job/duties.ts'
import type { JobInfo } from '../job/info.ts'
import { dutyDueMs, type Patience, patienceFor } from '../job/patience.ts'
import { isPaid, type Paid } from '../job/payment.ts'
import type { Logger } from '../log.ts'
import type { Abortable, Clock, PeerId } from '../ports.ts'
import { ResultNotServedError, SettlementRefusedError } from './errors.ts'
import { doEscrowDuty, type EscrowComponents } from './escrow-worker.ts'
import { type FinalizerComponents, finalize } from './finalizer.ts'
import type { LoadedJob } from './loaded-job.ts'
import type { WorkComponents } from './process-micro-job.ts'
import { createSettler, type Settler } from './settler.ts'
import { type Looked, takeResults } from './take-results.ts'
import { recheck, reveal, validate } from './verifier.ts'

/** A duty that failed is tried again after this, doubled each time up to the cap. */
const RETRY_MS = 1000
const MAX_RETRY_MS = 60_000
export const dutyRetryMs = (failures: number) => Math.min(MAX_RETRY_MS, RETRY_MS * 2 ** failures)
/** With nothing moving, the clock alone makes later ranks due. */
const TICK_MS = 250

export interface DutyKeeperComponents {
  /** Without it this peer is in no paid Job. */
  escrow?: EscrowComponents | undefined
  work: WorkComponents
  finalizer: FinalizerComponents
  clock: Clock
  logger: Logger
  /** True for peers that answer now. */
  alive(peer: PeerId): boolean
  findings(): Pick<Findings, 'reported'>
  /** Gathers the ids of `convict` duties that the chain has taken; whoever keeps to the others afterwards starts from here. */
  convicted: Set<string>
}

interface Pending {
  sinceMs: number
  failures: number
  notBeforeMs: number
  running: boolean
}

/** Does this peer's duties for one Job (job/duties.ts) until the signal is aborted: proposes, opens, validates, reveals, finalizes. */
export async function keepDuties(
  components: DutyKeeperComponents,
  job: LoadedJob,
  patience: Patience,
  { signal }: Required<Abortable>,
): Promise<void> {
  const keeper = new DutyKeeper(components, job, patience, signal)
  await keeper.run()
}

class DutyKeeper {
  readonly #components: DutyKeeperComponents
  readonly #job: LoadedJob
  readonly #patience: Patience
  readonly #signal: AbortSignal
  readonly #pending = new Map<string, Pending>()
  readonly #marks = new Map<string, { mark: string; sinceMs: number }>()
  readonly #looked: Looked = new Map()
  readonly #startedMs: number
  #settler: Settler | undefined
  #processedMs: number | undefined

  constructor(components: DutyKeeperComponents, job: LoadedJob, patience: Patience, signal: AbortSignal) {
    this.#components = components
    this.#job = job
    this.#patience = patience
    this.#signal = signal
    this.#startedMs = components.clock.nowMs()
  }

  async run(): Promise<void> {
    const { clock } = this.#components
    let wake = () => {}
    const stop = this.#job.session.onChange(() => wake())
    try {
      while (!this.#signal.aborted) {
        this.#step()
        const changed = new Promise<void>((resolve) => {
          wake = resolve
        })
        const idle = new AbortController()
        await Promise.race([changed, clock.sleep(TICK_MS, { signal: AbortSignal.any([idle.signal, this.#signal]) }).catch(() => {})])
        idle.abort()
      }
    } finally {
      stop()
    }
  }

  #step() {
    const { view } = this.#job.session
    const nowMs = this.#components.clock.nowMs()
    const patience = patienceFor(this.#patience, this.#job.info.slicing, this.#job.pace.blockMs())
    const duties = dutiesOf(view, this.#components.finalizer.signer.peer, {
      ...this.#components.findings(),
      looked: this.#looked,
      convicted: this.#components.convicted,
    })
    const standing = new Set(duties.map(({ id }) => id))
    for (const [id, { running }] of this.#pending) if (!standing.has(id) && !running) this.#pending.delete(id)
    for (const duty of duties) {
      if (duty.kind === 'propose') this.#processedMs ??= nowMs
      const pending = this.#pending.get(duty.id) ?? { sinceMs: nowMs, failures: 0, notBeforeMs: 0, running: false }
      this.#pending.set(duty.id, pending)
      const times = { sinceMs: pending.sinceMs, stillMs: this.#stillSinceMs(duty, nowMs), alive: this.#components.alive }
      const isDue = nowMs >= pending.notBeforeMs && nowMs >= dutyDueMs(duty, patience, times)
      if (isDue && !pending.running) this.#start(duty, pending)
    }
  }

  /** Since when the attempt has made no progress: records that change nothing in it must not keep it from being called stuck. */
  #stillSinceMs(duty: Duty, nowMs: number): number {
    if (duty.kind !== 'reopen') return nowMs
    const known = this.#marks.get(duty.id)
    if (known?.mark === duty.mark) return known.sinceMs
    this.#marks.set(duty.id, { mark: duty.mark, sinceMs: nowMs })
    return nowMs
  }

  #start(duty: Duty, pending: Pending) {
    const { clock, logger } = this.#components
    pending.running = true
    this.#do(duty).then(
      () => {
        pending.running = false
        // Done: the record that it wrote takes the duty off the list; should it not, this one waits its turn again.
        pending.notBeforeMs = clock.nowMs() + RETRY_MS
      },
      (error: unknown) => {
        pending.running = false
        if (error instanceof SettlementRefusedError) {
          // It has said so itself, and the chain will say the same for a while.
          pending.notBeforeMs = clock.nowMs() + error.retryMs
          return
        }
        pending.notBeforeMs = clock.nowMs() + dutyRetryMs(pending.failures++)
        if (!this.#signal.aborted) logger.warn('a duty failed and will be tried again', { jobId: this.#job.jobId, duty: duty.id, error })
      },
    )
  }

  async #do(duty: Duty): Promise<void> {
    const { work, finalizer, logger } = this.#components
    const { session, secret, jobId } = this.#job
    const options = { signal: this.#signal }
    logger.debug('duty', { jobId, duty: duty.id })
    switch (duty.kind) {
      case 'refuse':
        logger.warn('the escrow takes no word of a validator without a bond; its MacroJobs are judged again', {
          jobId,
          culprit: duty.record.culprit,
          macros: duty.macros,
        })
        return session.append(duty.record)
      case 'propose':
      case 'reopen':
        return session.append(duty.record)
      case 'open-nonce': {
        const { chunk, attempt, root } = duty
        return session.append({ kind: 'nonce', chunk, attempt, root, nonce: nonceAt(secret, chunk, attempt) })
      }
      case 'validate':
        return validate(work, this.#job, duty, options)
      case 'reveal':
        // What a validator says of a MacroJob says, too, that its results can be had.
        if (duty.micro === this.#job.info.slicing.microJobs) await this.#take(duty.macro)
        if (!(await reveal(work, this.#job, duty, options))) logger.warn('the opening of a commit is lost', { jobId, duty: duty.id })
        return
      case 'look':
        return this.#take(duty.macro, duty.micro).catch((error: unknown) => {
          // That is an answer, and goes into this peer's vote.
          if (!(error instanceof ResultNotServedError)) throw error
        })
      case 'recheck':
        if (duty.dispute.processor === duty.dispute.validator) await this.#take(duty.macro, duty.dispute.micro)
        return recheck(work, this.#job, duty, options)
      case 'finalize':
        return finalize(finalizer, this.#job, duty, this.#timings())
      case 'settle': {
        const { escrow } = this.#components
        const { info } = this.#job
        if (escrow !== undefined && isPaid(info) && escrow.settles(info)) await this.#settlerOf(escrow, info).settle(duty, options)
        return
      }
      default: {
        const { escrow } = this.#components
        if (escrow === undefined) return
        await doEscrowDuty({ escrow, walletKey: work.walletKey, logger }, this.#job, duty, options)
        // Nothing in the records tells of it.
        if (duty.kind === 'convict') this.#components.convicted.add(duty.id)
      }
    }
  }

  #settlerOf({ chain, prover }: EscrowComponents, info: Paid<JobInfo>): Settler {
    this.#settler ??= createSettler({ chain, prover, logger: this.#components.logger }, this.#job, info)
    return this.#settler
  }

  #take(macro: number, only?: number): Promise<void> {
    const { work, finalizer } = this.#components
    const components = { self: finalizer.signer.peer, blocks: work.blocks }
    return takeResults(components, this.#job, { macro, ...(only !== undefined && { only }) }, this.#looked, { signal: this.#signal })
  }

  #timings() {
    const nowMs = this.#components.clock.nowMs()
    const processedMs = this.#processedMs ?? nowMs
    const rounded = (ms: number) => Math.round(ms)
    return {
      processingMs: rounded(processedMs - this.#startedMs),
      verificationMs: rounded(nowMs - processedMs),
      totalMs: rounded(nowMs - this.#startedMs),
    }
  }
}
