const { setImmediate } = globalThis as { setImmediate?: (callback: () => void) => void }

/** Lets timers and sockets have their turn. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => (setImmediate ? setImmediate(resolve) : setTimeout(resolve)))
}
