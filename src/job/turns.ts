import { finalizerRank } from './agreement.ts'

/** Peers in the order of their ranks as finalizers. */
export function byFinalizerRank(jobId: string, peers: Iterable<string>): string[] {
  return [...peers].sort((a, b) => (finalizerRank(jobId, a) < finalizerRank(jobId, b) ? -1 : 1))
}

/** The same, those who processed first: the seed's last finisher is one of them, and the others come last. */
export function processorsFirst(jobId: string, peers: Iterable<string>, processors: ReadonlySet<string>): string[] {
  const order = byFinalizerRank(jobId, peers)
  return [...order.filter((peer) => processors.has(peer)), ...order.filter((peer) => !processors.has(peer))]
}

/** Those whose turn comes before that of `self`: all, where it is not among them. */
export function turnOf(order: readonly string[], self: string): string[] {
  const place = order.indexOf(self)
  return order.slice(0, place === -1 ? order.length : place)
}
