import type { JobId } from '../job/ids.ts'
import type { JobPrice } from '../job/price.ts'
import type { Abortable, Blocks, Chain, PeerId, Replica, Streams } from '../ports.ts'
import type { JobSessions } from './job-sessions.ts'
import type { JobsBoard } from './jobs-board.ts'

export type RequesterChain = Pick<Chain, 'chainId' | 'escrow' | 'wallet' | 'rules' | 'head' | 'open' | 'cancel' | 'job'>

export interface RequesterComponents {
  self: PeerId
  wallet: string | null
  sessions: JobSessions
  /** Where the log of a Job that nobody took must not stay. */
  replica: Pick<Replica, 'remove'>
  blocks: Blocks
  streams: Streams
  board: JobsBoard
  /** Pays for Jobs with a unit price; without it they cannot be placed. */
  chain?: RequesterChain | undefined
  /** Peers to ask to hold the Job, the best first. */
  holders(): PeerId[]
}

export interface PlaceOptions extends Abortable {
  /** What is under way, as a sentence fragment for a person. */
  onProgress?: (what: string) => void
  /** What the user should know and does not keep the Job from being placed, as a sentence. */
  onWarning?: (line: string) => void
  /** Hears what a paid Job costs, before anything is paid; with its id, by which the price can be had back whatever happens then. */
  onPrice?: (price: JobPrice & { jobId: JobId }) => void
  /** Unix time in milliseconds. @default the system's */
  now?: () => number
  /** 32 random bytes. */
  randomBytes?: () => Uint8Array
}
