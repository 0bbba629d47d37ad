import type { Config } from '../config.ts'
import type { JobDraft } from '../job/draft.ts'
import type { DryRunReport } from '../job/dry-run-report.ts'
import type { JobEvent, JobSummary } from '../job/events.ts'
import type { JobFile } from '../job/job-file.ts'
import type { JobPrice } from '../job/price.ts'
import type { Logger } from '../log.ts'
import type { Abortable, Chain, Compute, PeerId } from '../ports.ts'

/** What the commands need of the core; types only. `core.ts` loads what fulfils them. */

export type { JobEvent, JobShape, JobState, JobSummary, MicroJobState } from '../job/events.ts'
export type { JobFile, JobFileData } from '../job/job-file.ts'

export interface ResultFile {
  /** A plain file name with its ending, as suggested by the core; the CLI refuses anything else. */
  name: string
  bytes: Uint8Array
  /** Where the bytes are RGBA rows of a picture: the CLI writes them as PNG. */
  picture?: { width: number; height: number }
}

export interface PeerSummary {
  peer: PeerId
  /** Of the connections that are open; none where it was heard of only. */
  addresses: readonly string[]
  /** Round-trip time; undefined where it did not answer. */
  latencyMs?: number
}

/** Pure: reads nothing. Throws InvalidJobInfoError with all problems. */
export type ParseJobFile = (value: unknown) => JobFile

// ---------------------------------------------------------------- the client

/** A peer that only asks: it places Jobs, watches and fetches, and computes nothing. Every method may throw a MingaError. */
export interface CliClient {
  readonly self: PeerId
  /** Resolves when others hold all that the Job needs, so that this process may end. */
  place(
    draft: JobDraft,
    options?: Abortable & {
      onProgress?: (what: string) => void
      onWarning?: (line: string) => void
      onPrice?: (price: JobPrice & { jobId: string }) => void
    },
  ): Promise<JobSummary>
  /** The open Jobs that peers around tell of, and those placed or followed from here. */
  jobs(options?: Abortable): Promise<readonly JobSummary[]>
  /** The state so far as events, then what happens; ends after `job:finished`, which a finished Job yields at once. */
  watch(jobId: string, options?: Abortable): AsyncIterable<JobEvent>
  /** The agreed result: the files a person would look at, and the signed report where one holds; `onWarning` hears of it where none does. */
  results(
    jobId: string,
    options?: Abortable & {
      onProgress?: (doneBytes: number, totalBytes: number | undefined) => void
      onWarning?: (line: string) => void
    },
  ): AsyncIterable<ResultFile>
  /** Gives what went back to the wallet as credit; 0 for a Job that was not paid. */
  cancel(jobId: string, options?: Abortable): Promise<{ refundedWei: bigint }>
  peers(options?: Abortable): Promise<readonly PeerSummary[]>
  close(): Promise<void>
}

export interface ClientInit extends Abortable {
  config: Config
  logger: Logger
}

export type CreateCliClient = (init: ClientInit) => Promise<CliClient>

// ---------------------------------------------------------------- the chain

/** The chain of the configuration, with the wallet of this machine's peer or that of its clients. */
export type OpenCliChain = (init: ClientInit & { wallet: 'peer' | 'client' }) => Promise<Chain>

/** The address of that wallet, which is made where there is none, and whether the configuration names a chain. Speaks to nobody. */
export type CliWallet = (
  init: Pick<ClientInit, 'config'> & { wallet: 'peer' | 'client' },
) => Promise<{ address: string; hasChain: boolean }>

// ---------------------------------------------------------------- one block at home

/** Checks the draft as a whole, compiles its code and runs one block of it here, without any network. */
export type DryRun = (draft: JobDraft, init: ClientInit) => Promise<DryRunReport>

// ---------------------------------------------------------------- what lies on disk

/** A store that does not open. */
export interface StoreFault {
  path: string
  /** In the store's own words. */
  found: string
  /** Whether a start of the peer mends it. */
  isRepairable: boolean
}

/** Opens and closes what a data directory keeps; a directory at work is `inUse`, and is not looked at. */
export type CheckStores = (dataDir: string) => Promise<{ looked: readonly string[]; inUse: boolean; faults: readonly StoreFault[] }>

/** The circuits that a file names, by their size class. Throws where the file is not one. */
export type ReadCircuits = (file: string) => Promise<Readonly<Record<string, unknown>>>

// ---------------------------------------------------------------- a whole peer

export interface PeerInit extends ClientInit {
  /** A bootstrap node computes nothing, creates the Jobs channel and relays. */
  role: 'peer' | 'bootstrap'
  /** Stands between the peer and its device, for tests that need a peer which errs or lies. @default nothing does */
  wrapCompute?: (compute: Compute) => Compute
}

export interface RunningPeer {
  readonly self: PeerId
  addresses(): readonly string[]
  /** Finishes the MicroJob in hand, hands over the queue, leaves; at once when `signal` is aborted. Idempotent. */
  stop(options?: Abortable): Promise<void>
}

/** Starts everything in order; where a step fails, stops what began and rethrows. */
export type StartPeer = (init: PeerInit) => Promise<RunningPeer>
