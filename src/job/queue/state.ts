import { emptyHomes, type Homes, withHome } from './homes.ts'
import type { PeerId, QueueGrant } from './messages.ts'
import { branchOf, queueTag } from './rank.ts'
import { defaultQueueSettings, MAX_ATTEMPT, MAX_ITEMS, type QueueSettings } from './settings.ts'
import { attemptOf, itemOf, type Slot } from './slots.ts'

/**
 * open: anyone may get it. locked: `holder` works on it. reported: somebody said that it is done, and the record has not come.
 * done: the record is here; only `reopened` changes that.
 */
export type ItemStatus = 'open' | 'locked' | 'reported' | 'done'

export interface Item {
  readonly status: ItemStatus
  readonly attempt: number
  /** Who locked it last, or reported it. */
  readonly holder: PeerId | undefined
  /** The place (epoch and seq) of the last lock: a lower one changes nothing any more. */
  readonly stamp: number
  /** When the present lock was made, or when it became open. */
  readonly sinceMs: number
  /** When the lock or report ends, on this peer's clock. */
  readonly deadlineMs: number
}

export interface Member {
  readonly peer: PeerId
  readonly heardMs: number
  readonly left: boolean
  readonly excluded: boolean
  /** Locks let expire, and reports without a record; halved by each record. */
  readonly strikes: number
  readonly bannedUntilMs: number
  /** How often it sat on the queue. */
  readonly hoards: number
  /** How often we claimed against it: each doubles our patience, so that a one-way cut cannot make ownership flap. */
  readonly doubts: number
  readonly beatEpoch: number
  readonly beatCount: number
  /** When we last gave it a snapshot. */
  readonly servedMs: number
}

export interface PendingRequest {
  readonly peer: PeerId
  readonly want: number
  readonly sinceMs: number
  readonly heardMs: number
}

/** One peer's view of a MacroJob's queue. Never changed: `reduceQueue` makes the next one. */
export interface QueueState {
  readonly self: PeerId
  readonly macroId: string
  readonly tag: number
  readonly n: number
  readonly settings: QueueSettings
  readonly nowMs: number

  /** 0 where no owner was ever heard of. */
  readonly epoch: number
  readonly seq: number
  readonly owner: PeerId | undefined
  readonly branch: number
  readonly ownerSinceMs: number
  readonly ownerHeardMs: number
  /** When the owner's connection went. */
  readonly ownerLeftMs: number | undefined
  /** When the owner last handed the queue over. */
  readonly servedMs: number
  /** The owners of recent epochs, oldest first. */
  readonly history: readonly { readonly epoch: number; readonly owner: PeerId }[]

  readonly items: readonly Item[]
  readonly homes: Homes
  readonly openCount: number
  readonly doneCount: number
  /** Since when something has been open without a pause. */
  readonly openSinceMs: number
  /** No lock ends before this. */
  readonly nextDeadlineMs: number

  /** This peer excepted. */
  readonly members: ReadonlyMap<PeerId, Member>
  /** In order of arrival. */
  readonly pending: readonly PendingRequest[]

  /** Callers waiting here. */
  readonly takers: number
  /** Locked by us and not begun. */
  readonly ready: readonly Slot[]
  /** Locked by us and given to a caller. */
  readonly started: readonly Slot[]
  readonly lastBatch: number
  /** From a MicroJob given to a caller until it asks for the next; smoothed. */
  readonly paceMs: number | undefined
  readonly lastAssignedMs: number | undefined
  readonly lastTakeMs: number
  /** The last sign that somebody here works on what we hold. */
  readonly lastWorkMs: number
  /** Since when we have wanted more. */
  readonly hungrySinceMs: number | undefined
  readonly asked: { readonly sinceMs: number; readonly lastMs: number; readonly tries: number } | undefined
  /** From a request to its answer; smoothed. */
  readonly answerMs: number
  readonly unreported: readonly Slot[]
  readonly lastSentMs: number
  readonly lastRenewedMs: number
  readonly beatCount: number
  /** Our last hand-over, to be offered again to one who missed it. */
  readonly lastGrant: { readonly message: QueueGrant; readonly sentMs: number } | undefined
  /** Whom we asked for what we missed. */
  readonly gap: { readonly peer: PeerId; readonly sinceMs: number; readonly askedMs: number } | undefined
  /** Until then this peer listens, and neither grants nor claims. */
  readonly quietUntilMs: number
  readonly finished: boolean
  readonly leaving: boolean
}

export interface QueueInit {
  self: PeerId
  /** The MacroJob's id: it salts the succession and names the queue in messages. */
  macroId: string
  /** MicroJobs, 1 to 4096. */
  n: number
  nowMs: number
  /** True for the peer that opens the MacroJob: it owns epoch 1. Others learn the owner from its beat. @default false */
  creator?: boolean
  /** Peers known to be on the channel. */
  members?: readonly PeerId[]
  /** Attempts above 0 that the log already knows. */
  attempts?: readonly Slot[]
  /** Items that already have a record, in their present attempts. */
  done?: readonly Slot[]
  settings?: Partial<QueueSettings>
}

export const isHeld = (status: ItemStatus): boolean => status === 'locked' || status === 'reported'

export const newMember = (peer: PeerId, heardMs: number): Member => ({
  peer,
  heardMs,
  left: false,
  excluded: false,
  strikes: 0,
  bannedUntilMs: Number.NEGATIVE_INFINITY,
  hoards: 0,
  doubts: 0,
  beatEpoch: 0,
  beatCount: 0,
  servedMs: Number.NEGATIVE_INFINITY,
})

/** A queue as its first event finds it. Throws RangeError for an `n` outside 1 … 4096. */
export function createQueueState(init: QueueInit): QueueState {
  const { self, macroId, n, nowMs } = init
  if (!Number.isInteger(n) || n < 1 || n > MAX_ITEMS) throw new RangeError(`expected 1 to ${MAX_ITEMS} MicroJobs, found ${n}`)
  const creator = init.creator ?? false
  const items = firstItems(init)
  const doneCount = items.filter(({ status }) => status === 'done').length
  const members = (init.members ?? []).filter((peer) => peer !== self)
  return {
    self,
    macroId,
    tag: queueTag(macroId),
    n,
    settings: settingsOf(init.settings),
    nowMs,
    epoch: creator ? 1 : 0,
    seq: 0,
    owner: creator ? self : undefined,
    branch: creator ? branchOf(macroId, 1, self) : 0,
    ownerSinceMs: nowMs,
    ownerHeardMs: nowMs,
    ownerLeftMs: undefined,
    servedMs: nowMs,
    history: creator ? [{ epoch: 1, owner: self }] : [],
    items,
    homes: [self, ...members].reduce((homes, peer) => withHome(homes, macroId, peer), emptyHomes(n)),
    openCount: n - doneCount,
    doneCount,
    openSinceMs: nowMs,
    nextDeadlineMs: Number.POSITIVE_INFINITY,
    members: new Map(members.map((peer) => [peer, newMember(peer, nowMs)])),
    pending: [],
    takers: 0,
    ready: [],
    started: [],
    lastBatch: 0,
    paceMs: undefined,
    lastAssignedMs: undefined,
    lastTakeMs: nowMs,
    lastWorkMs: nowMs,
    hungrySinceMs: undefined,
    asked: undefined,
    answerMs: 0,
    unreported: [],
    // An owner shows itself at once.
    lastSentMs: creator ? Number.NEGATIVE_INFINITY : nowMs,
    lastRenewedMs: nowMs,
    beatCount: 0,
    lastGrant: undefined,
    gap: undefined,
    quietUntilMs: nowMs,
    finished: false,
    leaving: false,
  }
}

/** A longer lease is renewed more seldom, and so its holders are heard. */
function settingsOf(chosen: Partial<QueueSettings> = {}): QueueSettings {
  const settings = { ...defaultQueueSettings, ...chosen }
  return {
    ...settings,
    aliveMs: Math.max(settings.aliveMs, settings.leaseMs / 2),
  }
}

function firstItems({ n, nowMs, attempts = [], done = [] }: QueueInit): Item[] {
  const items = Array.from({ length: n }, (): Item => ({ ...openItem(0, nowMs) }))
  for (const slot of attempts) {
    if (itemOf(slot) < n && attemptOf(slot) <= MAX_ATTEMPT) items[itemOf(slot)] = openItem(attemptOf(slot), nowMs)
  }
  for (const slot of done) {
    if (itemOf(slot) < n && attemptOf(slot) <= MAX_ATTEMPT) {
      items[itemOf(slot)] = { ...openItem(attemptOf(slot), nowMs), status: 'done' }
    }
  }
  return items
}

export const openItem = (attempt: number, sinceMs: number): Item => ({
  status: 'open',
  attempt,
  holder: undefined,
  stamp: 0,
  sinceMs,
  deadlineMs: sinceMs,
})
