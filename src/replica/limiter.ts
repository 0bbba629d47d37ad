export interface FairLimiterInit {
  /** Tasks of all keys together. */
  maxAtOnce: number
  /** Tasks of one key: so that those of one cannot take every place, however long they last. */
  maxOfKey: number
}

export type FairLimiter = <T>(key: string, task: () => Promise<T>) => Promise<T>

/** Runs at most so many tasks at once. The others wait, those of one key in order, and the keys take turns. */
export function createFairLimiter({ maxAtOnce, maxOfKey }: FairLimiterInit): FairLimiter {
  /** By key, and the key whose turn is next first. */
  const waiting = new Map<string, (() => void)[]>()
  const running = new Map<string, number>()
  let all = 0

  const hasPlace = (key: string) => all < maxAtOnce && (running.get(key) ?? 0) < maxOfKey

  const enter = (key: string) => {
    all++
    running.set(key, (running.get(key) ?? 0) + 1)
  }

  const leave = (key: string) => {
    all--
    const left = (running.get(key) ?? 1) - 1
    if (left > 0) running.set(key, left)
    else running.delete(key)
  }

  const startNext = () => {
    const found = [...waiting].find(([key]) => hasPlace(key))
    if (found === undefined) return
    const [key, line] = found
    waiting.delete(key)
    const start = line.shift()!
    if (line.length > 0) waiting.set(key, line)
    enter(key)
    start()
  }

  return async (key, task) => {
    if (hasPlace(key)) enter(key)
    else {
      await new Promise<void>((resolve) => {
        const line = waiting.get(key) ?? []
        line.push(resolve)
        waiting.set(key, line)
      })
    }
    try {
      return await task()
    } finally {
      leave(key)
      startNext()
    }
  }
}
