import { EXIT, MingaError } from '../errors.ts'

/** A peer was asked for a queue that it does not have open. */
export class UnknownQueueError extends MingaError {
  override readonly name = 'UnknownQueueError'
  readonly exitCode = EXIT.network
  readonly macroId: string

  constructor(macroId: string) {
    super({
      message: `expected the queue of an open MacroJob, found none for ${macroId}`,
      hint: 'Ask a peer that is on that MacroJob now.',
    })
    this.macroId = macroId
  }
}
