/** The clockwork of a queue. All are durations on a monotonic clock, in milliseconds unless the name says otherwise. */
export interface QueueSettings {
  /** How long a lock holds without a sign of life of its holder. Renewed at a third of it. */
  leaseMs: number
  /** No renewal carries a lock further than this from the moment it was made. */
  maxLockMs: number
  /** A caller that gave no sign of work for so long gets its locks renewed no more. */
  workTimeoutMs: number
  /** A silent owner beats so often. */
  beatMs: number
  /** An owner silent for so long is lost. */
  ownerTimeoutMs: number
  /** An owner whose connection went is lost after this. */
  ownerLeftMs: number
  /** The locks of a holder whose connection went end after this, unless it comes back and renews. */
  holderLeftMs: number
  /** The r-th successor waits r times this before it claims. */
  claimStepMs: number
  /** An owner that beats but serves nobody for so long, though something is open, is superseded. */
  maxHoldMs: number
  /** An unanswered request is repeated after this, then twice, then four times this. */
  retryMs: number
  /** A waiting request that was not repeated for so long is forgotten. */
  requestTtlMs: number
  /** A member heard within this counts as alive: its share is left to it, and batches are sized for it. */
  aliveMs: number
  /** A member heard within this has a place in the succession. A silent one beats three times as often. */
  presentMs: number
  /** Requests are collected so long before one grant answers them all. */
  collectMs: number
  /** A request is answered at once where the last hand-over lies so far back: then they come one by one. */
  calmMs: number
  /** A silent peer reports what it has finished after so long. */
  reportMs: number
  /** Work that a peer wants in hand at once, as time: it asks for as many MicroJobs as it works off in this. */
  batchMs: number
  /** The most MicroJobs of one hand-over. */
  maxBatch: number
  /** The first ban of a peer that locks and never finishes; doubles each time. */
  banMs: number
  maxBanMs: number
  /** No event for so long means that this process was frozen. */
  frozenMs: number
  /** A process that was frozen, or an owner that missed messages, listens so long before it grants or claims. */
  listenMs: number
  /** An owner that cannot get the state it missed grants without it after this. */
  gapMs: number
  /** True: what its holder reports as done counts as done. False: only a record does, and a report holds for one lease. */
  acceptReports: boolean
}

export const defaultQueueSettings: QueueSettings = {
  // Three renewals, of which two may be lost.
  leaseMs: 6_000,
  // EMETH's reference MicroJob takes six hours; twice that.
  maxLockMs: 12 * 3_600_000,
  // A block is the unit of progress, and the slowest that anybody should place takes minutes.
  workTimeoutMs: 3_600_000,
  beatMs: 400,
  // Three beats may be lost. Measured: a frozen owner costs 1.5 s, a killed one 0.13 s.
  ownerTimeoutMs: 1_500,
  ownerLeftMs: 100,
  holderLeftMs: 1_000,
  // Longer than a message takes through a mesh of 11 on the open Internet, so that the second in rank hears the first.
  claimStepMs: 150,
  maxHoldMs: 5_000,
  retryMs: 700,
  // Longer than the longest pause between two repeats.
  requestTtlMs: 4_000,
  // Longer than a third of a lease, after which every holder has been heard; short, so that the halves of a cut soon leave each other's shares.
  aliveMs: 3_000,
  // One in the succession that is dead without our knowledge costs one step; one that we do not know of costs a second claim.
  presentMs: 60_000,
  collectMs: 1,
  // A hand-over that shares takes about as long; below, the next request is likely to be on its way.
  calmMs: 4,
  reportMs: 400,
  batchMs: 200,
  // Measured: 32 gives 1,291 MicroJobs/s with 10 processes, where one at a time gives 30.
  maxBatch: 32,
  banMs: 1_000,
  maxBanMs: 600_000,
  // Two thirds of the owner's timeout; garbage collection and a busy machine stay below it.
  frozenMs: 1_000,
  // One beat: the owner of today has been heard by then.
  listenMs: 400,
  gapMs: 1_000,
  acceptReports: false,
}

/** MicroJobs of one queue; a snapshot of as many stays below a gossip message of 64 KiB. */
export const MAX_ITEMS = 4_096
/** Peers that one queue knows; the protocol wants 11 on a MacroJob's channel. */
export const MAX_MEMBERS = 64
/** Rounds of one MicroJob: agreement allows 16. */
export const MAX_ATTEMPT = 255
/** MicroJobs that one grant may give to one peer. */
export const MAX_BATCH = 32
/** MicroJobs that one peer may hold: a batch at work and the next one. */
export const MAX_HELD = 64
/** MicroJobs that one message reports as done. */
export const MAX_REPORTED = 64
/** No honest peer falls so many hand-overs behind in one MacroJob; a stranger cannot spend the numbers of all epochs at once. */
export const MAX_EPOCH_JUMP = 65_536
/** Own locks within one epoch; each takes a MicroJob, so even relocking all of a full queue 256 times stays below it. */
export const MAX_SEQ = 2 ** 20 - 1
/** 2^20 sequence numbers times this stay exact in a double. */
export const MAX_EPOCH = 2 ** 32
/** Hand-overs whose owners are remembered, to know a late grant from a forged one. */
export const MAX_HISTORY = 128
