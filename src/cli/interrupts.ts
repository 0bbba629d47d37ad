import { EXIT } from '../errors.ts'
import { InterruptedError } from './errors.ts'

export interface Interrupts {
  /** Aborted, with an InterruptedError, by the first signal that asks the process to end. */
  readonly signal: AbortSignal
  /** The signal that came first. */
  received(): NodeJS.Signals | undefined
}

const ENDING: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP']

/**
 * The first signal asks for an orderly end; the second ends the process at once, after `lastWords`: with 130, since something is cut off, unless the
 * command was through and only its last output was not. Two equal signals at the same time are one: the system does not queue them.
 */
export function installInterrupts(lastWords: () => void): Interrupts {
  const controller = new AbortController()
  let first: NodeJS.Signals | undefined
  for (const name of ENDING) {
    process.on(name, () => {
      if (first !== undefined) {
        lastWords()
        process.exit(process.exitCode ?? EXIT.interrupted)
      }
      first = name
      controller.abort(new InterruptedError(name))
    })
  }
  return { signal: controller.signal, received: () => first }
}
