import { EXIT, MingaError } from '../errors.ts'
import { listed, type Problem } from '../job/errors.ts'

/** What createClient was given cannot be used; `problems` lists all that is wrong with it. */
export class ClientSettingsError extends MingaError {
  override readonly name = 'ClientSettingsError'
  readonly exitCode = EXIT.usage
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[]) {
    super({
      message: `expected what createClient takes, found ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}: ${listed(problems)}`,
      hint: "createClient({ bootstrap: ['/dns4/…/tcp/443/wss/p2p/…'] }) is the least that it takes",
    })
    this.problems = problems
  }
}

/** Something was asked of a client after `close`, or waited for when it was closed. */
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
