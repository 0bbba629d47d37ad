import type { QueueOffence, QueueVerdict } from './events.ts'
import type { PeerId, QueueGrant, QueueMessage, QueueSnapshot } from './messages.ts'
import { branchOf } from './rank.ts'
import { MAX_ATTEMPT, MAX_EPOCH, MAX_EPOCH_JUMP } from './settings.ts'
import { attemptOf, itemOf, type Slot } from './slots.ts'
import type { QueueState } from './state.ts'

const accept: QueueVerdict = { verdict: 'accept' }
const reject = (code: QueueOffence): QueueVerdict => ({ verdict: 'reject', code })
const ignore = (code: string): QueueVerdict => ({ verdict: 'ignore', code })

/**
 * Judges a message before it is forwarded, in the light of what this peer knows. `from` is the verified author. Rejected is what no
 * honest peer can send; what a partition, a restart or a slow road can explain is accepted, and the reducer keeps what holds.
 */
export function judgeQueueMessage(s: QueueState, message: QueueMessage, from: PeerId): QueueVerdict {
  if (message.queue !== s.tag) return reject('wrong-queue')
  if (message.n !== s.n) return reject('wrong-size')
  if (from === s.self) return ignore('own-message')
  if (s.members.get(from)?.excluded) return ignore('excluded')
  if (!slotsFit(s, message.done)) return reject('bad-item')
  if (tooFar(s, message.epoch)) return ignore('far-epoch')
  switch (message.type) {
    case 'request':
    case 'snapshot-wanted':
      return accept
    case 'beat':
      if (!slotsFit(s, message.holding) || !slotsFit(s, message.released)) return reject('bad-item')
      if (!allDiffer([...message.done, ...message.holding, ...message.released])) return reject('contradiction')
      return message.owner && isForged(s, message.epoch, message.branch, from) ? reject('forged-owner') : accept
    case 'grant':
      return judgeGrant(s, message, from)
    case 'claim':
    case 'snapshot':
      if (!allDiffer([...message.done, ...lockedIn(message.snapshot)])) return reject('contradiction')
      return message.type === 'claim' ? judgeClaim(s, message.snapshot, from) : judgeSnapshot(s, message.snapshot, from)
  }
}

const slotsFit = (s: QueueState, slots: readonly Slot[]) =>
  slots.every((slot) => slot >= 0 && itemOf(slot) < s.n && attemptOf(slot) <= MAX_ATTEMPT)

/** Nobody finishes, holds, gives and gives back the same MicroJob in one breath. */
const allDiffer = (values: readonly (Slot | PeerId)[]) => new Set(values).size === values.length

const tooFar = (s: QueueState, epoch: number) => epoch > s.epoch + MAX_EPOCH_JUMP || epoch > MAX_EPOCH

/** Two owners of one epoch and branch: one of them was not named by the owner before. */
const isForged = (s: QueueState, epoch: number, branch: number, owner: PeerId) =>
  epoch === s.epoch && branch === s.branch && owner !== s.owner

function judgeGrant(s: QueueState, message: QueueGrant, from: PeerId): QueueVerdict {
  const { grants, epoch, branch } = message
  const slots = grants.flatMap((grant) => grant.slots)
  if (!slotsFit(s, slots)) return reject('bad-item')
  if (!allDiffer(grants.map(({ to }) => to))) return reject('bad-grant')
  if (!allDiffer([...message.done, ...slots])) return reject('contradiction')
  if (grants.length === 0 || grants.some(({ to }, index) => index > 0 && to === from)) return reject('bad-grant')
  if (tooFar(s, epoch + grants.length)) return ignore('far-epoch')
  return isForged(s, epoch, branch, from) ? reject('forged-owner') : accept
}

function judgeClaim(s: QueueState, snapshot: QueueSnapshot, from: PeerId): QueueVerdict {
  if (snapshot.owner !== from || snapshot.branch !== branchOf(s.macroId, snapshot.epoch, from)) return reject('forged-claim')
  return judgeSnapshot(s, snapshot, from)
}

const lockedIn = ({ locks }: QueueSnapshot) => locks.flatMap(({ slots }) => slots)

export function judgeSnapshot(s: QueueState, snapshot: QueueSnapshot, from: PeerId): QueueVerdict {
  const slots = lockedIn(snapshot)
  if (!slotsFit(s, slots) || !slotsFit(s, snapshot.attempts)) return reject('bad-item')
  if (!allDiffer(slots) || snapshot.done.length !== Math.ceil(s.n / 8)) return reject('bad-snapshot')
  if (snapshot.locks.some(({ holder, epoch }) => holder >= snapshot.holders.length || epoch > snapshot.epoch)) return reject('bad-snapshot')
  if (s.members.get(from)?.excluded) return ignore('excluded')
  return tooFar(s, snapshot.epoch) ? ignore('far-epoch') : accept
}
