import { EXIT, MingaError } from '../errors.ts'

/** A process of the swarm did not start, or ended although nobody asked it to. */
export class MemberEndedError extends MingaError {
  override readonly name = 'MemberEndedError'
  readonly exitCode = EXIT.jobFailed
  readonly member: string

  constructor(member: string, how: string) {
    super({
      message: `expected ${member} to run, found that it ended with ${how}`,
      hint: 'its last lines are above; `minga doctor` examines this machine',
    })
    this.member = member
  }
}

/** The Job's picture is not the one that was computed without the network. */
export class DemoUnequalError extends MingaError {
  override readonly name = 'DemoUnequalError'
  readonly exitCode = EXIT.verification

  constructor(bytes: number) {
    super({
      message: `expected the ${bytes} bytes that were computed without the network, found others`,
      hint: 'peers agreed on a wrong result: please report it with the files that were kept',
    })
  }
}

/** So few peers cannot do what is to be shown. */
export class TooFewPeersError extends MingaError {
  override readonly name = 'TooFewPeersError'
  readonly exitCode = EXIT.usage

  constructor(needed: number, found: number, what: string) {
    super({
      message: `expected at least ${needed} peers for ${what}, found ${found}`,
      hint: 'raise `--peers`, or leave the money out with `--unpaid`',
    })
  }
}

/** The peers are there, and none of them takes the Job. */
export class NobodyJoinedError extends MingaError {
  override readonly name = 'NobodyJoinedError'
  readonly exitCode = EXIT.jobFailed

  constructor(afterMs: number) {
    super({
      message: `expected peers to join the Job, found none of them there after ${afterMs / 1000} s`,
      hint: 'the last lines of each peer are above: they say what it refuses; `minga doctor` examines this machine',
    })
  }
}

/** The demo as a whole took too long. */
export class DemoTimeoutError extends MingaError {
  override readonly name = 'DemoTimeoutError'
  readonly exitCode = EXIT.timeout

  constructor(limitMs: number, cause: unknown) {
    super({
      message: `expected the Job to end within ${limitMs / 1000} s, found it unfinished`,
      hint: 'try `--small`, or a longer `--limit`; the last lines of each process are above',
      cause,
    })
  }
}

/** The circuits that Jobs are settled with are not there and cannot be built. */
export class CircuitsUnbuiltError extends MingaError {
  override readonly name = 'CircuitsUnbuiltError'
  readonly exitCode = EXIT.usage

  constructor(found: string, cause?: unknown) {
    super({
      message: `expected the settlement circuit, or a way to build it; found ${found}`,
      hint: 'in the repository, `npm ci` and `npm run circuits` make it; `--unpaid` shows the network without a chain',
      cause,
    })
  }
}

/** The development chain did not start, or ended although nobody asked it to. */
export class DemoChainError extends MingaError {
  override readonly name = 'DemoChainError'
  readonly exitCode = EXIT.jobFailed

  /** `advice` is what its process says to do. */
  constructor(found: string, advice?: string) {
    super({
      message: `expected a development chain to run, found: ${found}${advice === undefined ? '' : ` (${advice})`}`,
      hint: '`--unpaid` shows the network without a chain',
    })
  }
}

/** The money went elsewhere than it should have. */
export class DemoMoneyError extends MingaError {
  override readonly name = 'DemoMoneyError'
  readonly exitCode = EXIT.verification

  constructor(broken: readonly string[]) {
    super({
      message: `expected the money to add up, found that these do not hold: ${broken.join('; ')}`,
      hint: 'please report it with the files that were kept',
    })
  }
}
