/** Runs at most `maxAtOnce` tasks at once; the others wait in order. */
export function createLimiter(maxAtOnce: number): <T>(task: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = []
  let running = 0
  return async (task) => {
    if (running >= maxAtOnce) await new Promise<void>((resolve) => waiting.push(resolve))
    else running++
    try {
      return await task()
    } finally {
      const next = waiting.shift()
      // The slot passes on to the next one.
      if (next) next()
      else running--
    }
  }
}
