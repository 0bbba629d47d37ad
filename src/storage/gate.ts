/** Lets at most `max` tasks of one key run at once; the others wait in line. A waiting task leaves the line when its signal aborts. */
export function createGate(max: number) {
  const lines = new Map<string, { running: number; waiting: (() => void)[] }>()

  function leave(key: string): void {
    const line = lines.get(key)
    const next = line?.waiting.shift()
    if (next) next()
    else if (line && --line.running === 0) lines.delete(key)
  }

  async function enter(key: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    const line = lines.get(key) ?? { running: 0, waiting: [] }
    lines.set(key, line)
    if (line.running < max) {
      line.running++
      return
    }
    await new Promise<void>((resolve, reject) => {
      const pass = (): void => {
        signal.removeEventListener('abort', abort)
        resolve()
      }
      const abort = (): void => {
        line.waiting.splice(line.waiting.indexOf(pass), 1)
        reject(signal.reason)
      }
      line.waiting.push(pass)
      signal.addEventListener('abort', abort, { once: true })
    })
  }

  return { enter, leave }
}
