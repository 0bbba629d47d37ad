import { hash } from 'node:crypto'
import type { Item, Member, QueueMessage, QueueState } from '../../src/job/queue.ts'
import type { Flight, Parcel, TinyWorld } from './queue-explore.ts'

/**
 * What of a world decides its future, as one short text. Two that differ only in what is left out here go on alike:
 * - the clock, as times matter only by how far they lie from now;
 * - what nothing reads any more: of a MicroJob that is done all but that; when a lock was wanted that is none; pace and size of batches, where batches are of one;
 * - the number of a beat, beside which of a sender's beats that are on their way are later than what the receiver has heard.
 */
export function keyOf(world: TinyWorld): string {
  const { states, work, recorded, flights, losses, duplicates, overtakes, delays, crashes, dawdles, held, struck } = world
  const peers = [...states.values()].map((state) => stateKey(state, world.nowMs))
  const links = Object.entries(Object.groupBy(flights, ({ from, to }) => `${from}>${to}`))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, link]) => `${name}:${linkKey(world, link!)}`)
  const rest = JSON.stringify([
    [...work].sort(),
    [...recorded].sort(),
    losses,
    duplicates,
    overtakes,
    delays,
    crashes,
    dawdles,
    [...held].sort(),
    struck,
  ])
  return hash('sha1', `${peers.join('|')}#${links.join('|')}#${rest}`, 'base64')
}

function linkKey({ states }: TinyWorld, link: readonly Flight[]): string {
  const heard = states.get(link[0]!.to)?.members.get(link[0]!.from)?.beatCount ?? 0
  const counts = link.flatMap(({ message }) => (message.type === 'beat' ? [message.count] : []))
  const later = [...new Set(counts.filter((count) => count > heard))].sort((a, b) => a - b)
  return link
    .map(({ message }) => (message.type === 'beat' ? `${parcelKey(message)}${later.indexOf(message.count)}` : parcelKey(message)))
    .join(',')
}

const parcels = new WeakMap<Parcel, string>()

function parcelKey(message: Parcel): string {
  const known = parcels.get(message)
  if (known !== undefined) return known
  const key = JSON.stringify(message, (name, value) => (name === 'count' || name === 'queue' || name === 'n' ? undefined : plain(value)))
  parcels.set(message, key)
  return key
}

const plain = (value: unknown) => (value instanceof Uint8Array || value instanceof Set ? [...value] : value)

/** Made once for each state and time: an action changes one peer. */
const keys = new WeakMap<QueueState, { nowMs: number; key: string }>()

function stateKey(state: QueueState, nowMs: number): string {
  const known = keys.get(state)
  if (known?.nowMs === nowMs) return known.key
  const key = describe(state, nowMs)
  keys.set(state, { nowMs, key })
  return key
}

/** Further back than this nothing makes a difference: no setting here is longer, but for those that nobody reaches. */
const HORIZON_MS = 10_000

function describe(s: QueueState, nowMs: number): string {
  const ago = (ms: number | undefined) => (ms === undefined ? '' : Math.min(nowMs - ms, HORIZON_MS))
  const ahead = (ms: number) => Math.max(0, ms - nowMs)
  const item = ({ status, attempt, holder, stamp, sinceMs, deadlineMs }: Item) =>
    status === 'done'
      ? 'done'
      : status === 'open'
        ? [attempt, holder, stamp]
        : [status, attempt, holder, stamp, ago(sinceMs), ahead(deadlineMs)]
  const member = ({ peer, heardMs, left, excluded, strikes, bannedUntilMs, hoards, doubts, servedMs }: Member) => [
    peer,
    ago(heardMs),
    left,
    excluded,
    strikes,
    ahead(bannedUntilMs),
    hoards,
    doubts,
    servedMs === nowMs,
  ]
  const { epoch, seq, owner, branch, history, items, members, pending, takers, ready, started, asked, unreported, lastGrant, gap } = s
  return JSON.stringify([
    [epoch, seq, owner, branch, s.finished, s.leaving, takers, ready, started, unreported, s.answerMs, history],
    // Whoever owns the queue does not wait for its owner.
    owner === s.self ? '' : [ago(s.ownerHeardMs), ago(s.ownerLeftMs)],
    [ago(Math.max(s.ownerSinceMs, s.servedMs)), ago(s.servedMs), s.openCount > 0 && ago(s.openSinceMs), ago(s.hungrySinceMs)],
    [
      ago(Math.max(s.lastAssignedMs ?? 0, s.lastTakeMs)),
      ago(s.lastSentMs),
      ready.length + started.length > 0 && [ago(s.lastRenewedMs), ago(s.lastWorkMs)],
    ],
    asked === undefined ? '' : [ago(asked.sinceMs), ago(asked.lastMs), Math.min(asked.tries, 3)],
    gap === undefined ? '' : [gap.peer, ago(gap.sinceMs), ago(gap.askedMs)],
    lastGrant === undefined ? '' : [parcelKey(lastGrant.message as QueueMessage), ago(lastGrant.sentMs)],
    ahead(s.quietUntilMs),
    items.map(item),
    [...members.values()].map(member),
    pending.map(({ peer, want, sinceMs, heardMs }) => [peer, want, ago(sinceMs), ago(heardMs)]),
  ])
}
