import { EXIT, MingaError } from '../errors.ts'
import { formatTokens } from '../job/tokens.ts'

/** No chain is configured, and what was asked for needs one; or it lacks a part. */
export class NoChainError extends MingaError {
  override readonly name = 'NoChainError'
  readonly exitCode = EXIT.usage
  /** The settings that are missing. */
  readonly missing: readonly string[]

  constructor(missing: readonly string[]) {
    super({
      message: `expected a chain, found no ${missing.join(', ')} in the settings`,
      hint: '`minga devnet` starts a chain for development and prints the file to give as --chain-file',
    })
    this.missing = missing
  }
}

/** The file that should hold a chain's addresses cannot be used. */
export class ChainFileError extends MingaError {
  override readonly name = 'ChainFileError'
  readonly exitCode = EXIT.usage
  readonly path: string

  constructor(path: string, found: string, cause?: unknown) {
    super({
      message: `expected a chain's addresses in ${path}, found ${found}`,
      hint: '`minga devnet` writes such a file; docs/CHAIN.md shows its fields',
      cause,
    })
    this.path = path
  }
}

/** An RPC endpoint's URL is not http or https, or none at all. */
export class RpcUrlError extends MingaError {
  override readonly name = 'RpcUrlError'
  readonly exitCode = EXIT.usage

  constructor(found: string) {
    super({
      message: `expected the URL of an RPC endpoint with http: or https:, found ${found}`,
      hint: 'mend --chain-rpc or the chain file',
    })
  }
}

export type SourceFault = 'unreachable' | 'timeout' | 'too-large' | 'malformed' | 'http-status' | 'refusing'

/** One RPC endpoint did not give a usable answer. The error names its host alone: keys stand in paths. */
export class RpcFailedError extends MingaError {
  override readonly name = 'RpcFailedError'
  readonly exitCode = EXIT.network
  readonly host: string
  readonly fault: SourceFault

  constructor(host: string, fault: SourceFault, found: string, cause?: unknown) {
    super({ message: `expected an answer of the RPC endpoint ${host}, found ${found}`, hint: 'give a second --chain-rpc', cause })
    this.host = host
    this.fault = fault
  }
}

/** None of the RPC endpoints answers usably now; each one's reason is among `failures`. */
export class ChainUnavailableError extends MingaError {
  override readonly name = 'ChainUnavailableError'
  readonly exitCode = EXIT.network
  readonly failures: readonly Error[]

  constructor(failures: readonly Error[]) {
    const reasons = failures.map(({ message }) => message).join('; ')
    super({
      message: `expected an answer of one of the RPC endpoints, found none${reasons === '' ? ' that is not resting after failures' : `: ${reasons}`}`,
      hint: 'check --chain-rpc and the network; what was sent is followed up when an endpoint is back',
      cause: failures[0],
    })
    this.failures = failures
  }
}

/** An RPC endpoint serves another chain than the configured one. */
export class WrongChainError extends MingaError {
  override readonly name = 'WrongChainError'
  readonly exitCode = EXIT.verification
  readonly host: string
  readonly expectedId: number
  readonly foundId: number

  constructor(host: string, expectedId: number, foundId: number) {
    super({
      message: `expected chain ${expectedId} behind the RPC endpoint ${host}, found chain ${foundId}`,
      hint: 'mend --chain-rpc or --chain-id; nothing was read or sent there',
    })
    this.host = host
    this.expectedId = expectedId
    this.foundId = foundId
  }
}

/** The configured addresses are no escrow and its token, as all endpoints that answer say. Nothing was signed for them. */
export class WrongEscrowError extends MingaError {
  override readonly name = 'WrongEscrowError'
  readonly exitCode = EXIT.usage
  readonly escrow: string
  readonly chainId: number

  constructor({ escrow, chainId, expected, found }: { escrow: string; chainId: number; expected: string; found: string }) {
    super({
      message: `expected ${expected} on chain ${chainId}, found ${found}`,
      hint: 'mend --chain-escrow, --chain-token or the chain file; a development chain that began anew has written a new one',
    })
    this.escrow = escrow
    this.chainId = chainId
  }
}

/** Two RPC endpoints say different things of the same block, and went on doing so. Nothing was done on either's word. */
export class ChainSourcesDisagreeError extends MingaError {
  override readonly name = 'ChainSourcesDisagreeError'
  readonly exitCode = EXIT.verification
  readonly method: string

  constructor(method: string, hosts: readonly string[]) {
    super({
      message: `expected the same answer to ${method} of ${hosts.join(' and ')}, found different ones`,
      hint: 'one of them lies or is far behind: replace it, or add a third to outvote it',
    })
    this.method = method
  }
}

/** The JSON-RPC error that an endpoint answered with. */
export class RpcRefusedError extends MingaError {
  override readonly name = 'RpcRefusedError'
  readonly exitCode = EXIT.network
  readonly method: string
  readonly code: number
  /** The revert's data, where there is any. */
  readonly data: string | undefined

  constructor(method: string, code: number, found: string, data?: string) {
    super({
      message: `expected the chain to take ${method}, found: ${found} (${code})`,
      hint: 'these are the endpoint’s own words; another --chain-rpc may do better',
    })
    this.method = method
    this.code = code
    this.data = data
  }
}

/** A value is beyond what the contract's type of it holds, such as a price of 2^80. */
export class CallArgumentError extends MingaError {
  override readonly name = 'CallArgumentError'
  readonly exitCode = EXIT.usage
  readonly call: string

  constructor(call: string, cause: unknown) {
    const { shortMessage, argument } = cause as { shortMessage?: string; argument?: string }
    super({
      message: `expected values that ${call} can take, found ${argument ?? 'one'} ${shortMessage ?? 'that it cannot'}`,
      hint: call.startsWith('open') ? 'mend the Job’s prices, bond or shape' : 'a bond has less than 2^96 of the token’s smallest unit',
      cause,
    })
    this.call = call
  }
}

/** A contract refused the call; `error` and `facts` are its own. */
export class CallRevertedError extends MingaError {
  override readonly name = 'CallRevertedError'
  readonly exitCode = EXIT.jobFailed
  /** What was called, for example `settle`. */
  readonly call: string
  /** The name of the contract's error; undefined where it gave none that is known. */
  readonly error: string | undefined
  /** The error's arguments by name. */
  readonly facts: Readonly<Record<string, unknown>>

  constructor(call: string, error: string | undefined, facts: Readonly<Record<string, unknown>> = {}, cause?: unknown) {
    const list = Object.entries(facts).map(([name, value]) => `${name} ${shownFact(error, name, value)}`)
    super({
      message: `expected the contract to take ${call}, found ${error ?? 'a refusal without a reason'}${list.length === 0 ? '' : ` (${list.join(', ')})`}`,
      hint: '`minga escrow <jobId>` shows what the chain holds',
      cause,
    })
    this.call = call
    this.error = error
    this.facts = facts
  }
}

/** In the words of a reader: contracts know seconds and smallest units only. */
function shownFact(error: string | undefined, name: string, value: unknown): string {
  if (typeof value === 'bigint' && DATES.has(name)) return dateOf(value)
  if (typeof value === 'bigint' && error === 'BondTooSmall') return `${formatTokens(value)} tokens`
  return String(value)
}

const DATES = new Set(['deadline', 'latest', 'releaseAt'])
/** The last second that a Date can be. */
const LAST_SECOND = 8_640_000_000_000n

const dateOf = (seconds: bigint) => (seconds <= LAST_SECOND ? new Date(Number(seconds) * 1000).toISOString() : `${seconds} s after 1970`)

/** What was asked back of a bond is not free yet: whoever leaves answers for its work until the last Job that it may have been in is over. */
export class BondLockedError extends MingaError {
  override readonly name = 'BondLockedError'
  readonly exitCode = EXIT.funds
  /** Unix time in seconds. */
  readonly releaseAt: bigint

  constructor(releaseAt: bigint, cause?: unknown) {
    super({
      message: `expected a bond that has waited long enough, found it locked until ${dateOf(releaseAt)}, by the chain's clock`,
      hint: 'run `minga wallet unbond` again then; `minga wallet` shows the date',
      cause,
    })
    this.releaseAt = releaseAt
  }
}

/** A wallet cannot be convicted now: all that it had at stake is burned or taken out. The offence stands. */
export class NothingAtStakeError extends MingaError {
  override readonly name = 'NothingAtStakeError'
  readonly exitCode = EXIT.jobFailed
  readonly wallet: string

  constructor(wallet: string, cause?: unknown) {
    super({
      message: `expected something at stake of the wallet ${wallet}, found nothing that could be burned`,
      hint: 'keep the signatures: the same conviction counts once the wallet has a bond again',
      cause,
    })
    this.wallet = wallet
  }
}

/** The wallet has not enough of the chain's own money to pay for gas. */
export class InsufficientGasMoneyError extends MingaError {
  override readonly name = 'InsufficientGasMoneyError'
  readonly exitCode = EXIT.funds
  readonly wallet: string
  /** Undefined where a node says that it is too little, and not how much would do. */
  readonly neededWei: bigint | undefined
  readonly foundWei: bigint | undefined

  constructor(wallet: string, neededWei?: bigint, foundWei?: bigint, cause?: unknown) {
    super({
      message: `expected ${neededWei ?? 'enough'} wei for gas in the wallet ${wallet}, found ${foundWei ?? 'less'}`,
      hint: `send some of the chain's money to ${wallet}; a development chain gives it away: \`minga devnet --fund ${wallet}\``,
      cause,
    })
    this.wallet = wallet
    this.neededWei = neededWei
    this.foundWei = foundWei
  }
}

/** The wallet has fewer tokens, less credit or a smaller bond than the call would take. */
export class InsufficientTokensError extends MingaError {
  override readonly name = 'InsufficientTokensError'
  readonly exitCode = EXIT.funds
  readonly wallet: string
  readonly needed: bigint
  readonly found: bigint

  constructor(what: string, wallet: string, needed: bigint, found: bigint, cause?: unknown) {
    super({
      message: `expected ${what} of ${formatTokens(needed)} tokens for the wallet ${wallet}, found ${formatTokens(found)}`,
      hint: `\`minga wallet\` shows what a peer has, \`minga wallet --client\` what \`minga place\` pays with; a development chain gives tokens away: \`minga devnet --fund ${wallet}\``,
      cause,
    })
    this.wallet = wallet
    this.needed = needed
    this.found = found
  }
}

/** The chain asks for more than the configured cap per unit of gas. */
export class FeeAboveCapError extends MingaError {
  override readonly name = 'FeeAboveCapError'
  readonly exitCode = EXIT.timeout
  readonly baseFeeWei: bigint
  readonly capWei: bigint

  constructor(baseFeeWei: bigint, capWei: bigint) {
    super({
      message: `expected a base fee of at most ${capWei} wei a unit of gas, found ${baseFeeWei}`,
      hint: 'try again later, or raise --chain-max-fee',
    })
    this.baseFeeWei = baseFeeWei
    this.capWei = capWei
  }
}

/** A transaction is not in a block yet. It is still followed up while this process lives. */
export class TransactionPendingError extends MingaError {
  override readonly name = 'TransactionPendingError'
  readonly exitCode = EXIT.timeout
  readonly hash: string | undefined
  readonly nonce: number | undefined
  readonly waitedMs: number

  constructor(
    call: string,
    { sentAs, isRepeatable }: { sentAs: { hash: string; nonce: number } | undefined; isRepeatable: boolean },
    waitedMs: number,
    cause?: unknown,
  ) {
    const isHarmless = isRepeatable || sentAs === undefined
    super({
      message: `expected ${call} to be in a block after ${Math.round(waitedMs / 1000)} s, found it ${sentAs === undefined ? 'not sent' : `pending as ${sentAs.hash} with nonce ${sentAs.nonce}`}`,
      hint: isHarmless
        ? 'the chain is slow or unreachable; the same command again is harmless'
        : 'the chain is slow or unreachable, and it may take effect yet: look with `minga wallet` before you give the same command again',
      cause,
    })
    this.hash = sentAs?.hash
    this.nonce = sentAs?.nonce
    this.waitedMs = waitedMs
  }
}

/** A transaction's nonce is used, and no endpoint shows by which transaction. It is not sent again, as it may have had its effect. */
export class TransactionUnconfirmedError extends MingaError {
  override readonly name = 'TransactionUnconfirmedError'
  readonly exitCode = EXIT.timeout
  readonly hash: string
  readonly nonce: number

  constructor(call: string, hash: string, nonce: number) {
    super({
      message: `expected a receipt for ${call}, sent as ${hash} with nonce ${nonce}, found the nonce used and no receipt at any endpoint`,
      hint: 'another process of this wallet took the nonce, or the endpoints are far behind: nothing was sent twice; look with `minga wallet` before you give the same command again',
    })
    this.hash = hash
    this.nonce = nonce
  }
}

/** What a command that was cut off has sent cannot be read; nothing is signed, as it may be the same. */
export class JournalUnreadableError extends MingaError {
  override readonly name = 'JournalUnreadableError'
  readonly exitCode = EXIT.usage
  readonly path: string

  constructor(path: string, found: string, cause?: unknown) {
    super({
      message: `expected what was sent and not told of in ${path}, found ${found}: nothing was sent`,
      hint: 'mend its permissions; where it is damaged, look with `minga wallet` what became of the command before, and move the file away',
      cause,
    })
    this.path = path
  }
}

/** Something was asked of the chain after this process began to stop. */
export class ChainStoppedError extends MingaError {
  override readonly name = 'ChainStoppedError'
  readonly exitCode = EXIT.interrupted

  constructor() {
    super({ message: 'expected a running chain adapter, found it stopped', hint: 'the process is about to end; run it again' })
  }
}

/** An escrow has rules that this software cannot keep to: its calls would be refused when the work is done. */
export class UnservedRulesError extends MingaError {
  override readonly name = 'UnservedRulesError'
  readonly exitCode = EXIT.usage
  readonly escrow: string

  constructor(escrow: string, expected: string, found: number) {
    super({
      message: `expected an escrow whose rules ask for ${expected}, found ${found} at ${escrow}`,
      hint: 'this version of Minga cannot take part in Jobs of that escrow; name another with --chain-file or --chain-escrow, or use the version that it was deployed with',
    })
    this.escrow = escrow
  }
}

/** An escrow on a chain with real money verifies with the development key, under which anybody can forge. */
export class InsecureEscrowError extends MingaError {
  override readonly name = 'InsecureEscrowError'
  readonly exitCode = EXIT.verification
  readonly escrow: string
  readonly chainId: number

  constructor(escrow: string, chainId: number, sizeClass: string) {
    super({
      message: `expected an escrow with keys from a ceremony on chain ${chainId}, found the INSECURE development key for ${sizeClass} at ${escrow}`,
      hint: 'put no money into this escrow and work for none of it: anybody can empty it. Name another with --chain-file or --chain-escrow',
    })
    this.escrow = escrow
    this.chainId = chainId
  }
}

/** The development chain's binary is not installed; npm brings it for Linux, macOS and Windows on x64, and for the first two on arm64. */
export class AnvilMissingError extends MingaError {
  override readonly name = 'AnvilMissingError'
  readonly exitCode = EXIT.usage
  readonly packageName: string

  constructor(packageName: string, cause?: unknown) {
    super({
      message: `expected the package ${packageName}, found it not installed`,
      hint: 'run `npm install` without --omit=optional, on a platform that it exists for',
      cause,
    })
    this.packageName = packageName
  }
}

/** The development chain did not start, or ended by itself. */
export class AnvilFailedError extends MingaError {
  override readonly name = 'AnvilFailedError'
  readonly exitCode = EXIT.jobFailed

  constructor(path: string, found: string, cause?: unknown) {
    super({ message: `expected ${path} to run, found ${found}`, hint: 'is its port taken? --port 0 takes a free one', cause })
  }
}

/** Another process runs a devnet with the same files. */
export class DevnetRunningError extends MingaError {
  override readonly name = 'DevnetRunningError'
  readonly exitCode = EXIT.usage
  readonly pid: number

  constructor(chainFile: string, pid: number) {
    super({
      message: `expected no devnet with ${chainFile}, found one in process ${pid}`,
      hint: 'use that one, stop it, or give this one a directory of its own with --data-dir',
    })
    this.pid = pid
  }
}

/** What should be the kept state of a development chain is none. */
export class DevnetStateError extends MingaError {
  override readonly name = 'DevnetStateError'
  readonly exitCode = EXIT.usage
  readonly path: string

  constructor(path: string, found: string, cause?: unknown) {
    super({
      message: `expected the state of a development chain in ${path}, found ${found}`,
      hint: 'name another file with --state, or move this one away: the chain begins anew then, and forgets all Jobs and money',
      cause,
    })
    this.path = path
  }
}
