/** Virtual time: what is due runs in order of time, then of scheduling; between two events no time passes. */
export interface Scheduler {
  nowMs(): number
  /** Runs `action` after `delayMs`; the returned function cancels it. */
  after(delayMs: number, action: () => void): () => void
  /** Runs all that is due up to `untilMs`, or until `stop` holds after an event. Gives true where `stop` held. */
  run(untilMs: number, stop?: () => boolean): boolean
}

interface Entry {
  atMs: number
  order: number
  action: (() => void) | undefined
}

const before = (a: Entry, b: Entry) => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)

export function createScheduler(): Scheduler {
  const heap: Entry[] = []
  let nowMs = 0
  let order = 0

  const push = (entry: Entry) => {
    let at = heap.push(entry) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!before(entry, heap[parent]!)) break
      heap[at] = heap[parent]!
      at = parent
    }
    heap[at] = entry
  }

  const pop = (): Entry => {
    const first = heap[0]!
    const last = heap.pop()!
    if (heap.length === 0) return first
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++
      if (!before(heap[child]!, last)) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = last
    return first
  }

  return {
    nowMs: () => nowMs,
    after(delayMs, action) {
      const entry: Entry = { atMs: nowMs + Math.max(0, delayMs), order: order++, action }
      push(entry)
      return () => {
        entry.action = undefined
      }
    },
    run(untilMs, stop) {
      while (heap.length > 0 && heap[0]!.atMs <= untilMs) {
        const { atMs, action } = pop()
        nowMs = atMs
        if (action === undefined) continue
        action()
        if (stop?.()) return true
      }
      nowMs = Math.max(nowMs, untilMs)
      return stop?.() ?? false
    },
  }
}
