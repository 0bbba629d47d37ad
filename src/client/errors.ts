import { EXIT, MingaError } from '../errors.ts'

/** Something was asked of a client after `close`. */
export class ClientClosedError extends MingaError {
  override readonly name = 'ClientClosedError'
  readonly exitCode = EXIT.usage

  constructor() {
    super({
      message: 'expected an open client, found it closed',
      hint: 'make a new one with createClient; Jobs that were placed go on without it',
    })
  }
}
