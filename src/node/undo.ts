/** What was started, to be stopped in reverse. */
export interface Undo {
  /** Remembers how to stop what has just started. */
  add(stop: () => Promise<unknown>): void
  /** Stops everything, the last first; goes on after an error and throws the first of them. Idempotent. */
  run(): Promise<void>
}

export function createUndo(): Undo {
  const stops: (() => Promise<unknown>)[] = []
  const runAll = async () => {
    const failures: unknown[] = []
    for (const stop of stops.reverse()) await stop().catch((error: unknown) => failures.push(error))
    if (failures.length > 0) throw failures[0]
  }
  let running: Promise<void> | undefined
  return {
    add: (stop) => void stops.push(stop),
    run: () => {
      running ??= runAll()
      return running
    },
  }
}

/** Runs `start`; where it fails, stops what it had begun and throws its error. */
export async function startInOrder<T>(start: (undo: Undo) => Promise<T>): Promise<T> {
  const undo = createUndo()
  try {
    return await start(undo)
  } catch (error) {
    await undo.run().catch(() => {})
    throw error
  }
}
