import type { Interface } from 'ethers'
import {
  BondLockedError,
  CallRevertedError,
  InsufficientGasMoneyError,
  InsufficientTokensError,
  NothingAtStakeError,
  RpcRefusedError,
} from './errors.ts'
import { poolAnswer } from './sender/node-answers.ts'
import type { Call } from './sender/sign.ts'

/** Reads what contracts of `interfaces` mean by refusing a call. */
export function createExplainer(wallet: string, interfaces: readonly Interface[]): (error: unknown, call: Pick<Call, 'name'>) => Error {
  return (error, { name }) => {
    if (!(error instanceof RpcRefusedError)) return error as Error
    if (poolAnswer(error) === 'no-money') return new InsufficientGasMoneyError(wallet, undefined, undefined, error)
    if (error.data === undefined) return isRevert(error) ? new CallRevertedError(name, undefined, {}, error) : error
    return explainData(error.data, name, interfaces, error)
  }
}

function explainData(data: string, call: string, interfaces: readonly Interface[], cause: RpcRefusedError): Error {
  for (const contract of interfaces) {
    const found = parse(contract, data)
    if (found === null) continue
    const facts = Object.fromEntries(found.fragment.inputs.map(({ name }, index) => [name, found.args[index] as unknown]))
    return asMoney(found.name, facts, cause) ?? new CallRevertedError(call, found.name, facts, cause)
  }
  return new CallRevertedError(call, undefined, { selector: data.slice(0, 10) }, cause)
}

/** `Error(string)` and `Panic(uint256)` are known to every Interface. A contract may send anything, so decoding may fail. */
function parse(contract: Interface, data: string) {
  try {
    return contract.parseError(data)
  } catch {
    return null
  }
}

/** What is a lack of tokens, of those that are free, or of those that could be burned, whoever says it. */
function asMoney(
  error: string,
  facts: Record<string, unknown>,
  cause: unknown,
): InsufficientTokensError | BondLockedError | NothingAtStakeError | undefined {
  if (error === 'ERC20InsufficientBalance') {
    return new InsufficientTokensError('a balance', String(facts.sender), facts.needed as bigint, facts.balance as bigint, cause)
  }
  if (error === 'NotBonded') {
    return new InsufficientTokensError('a bond', String(facts.wallet), facts.needed as bigint, facts.bonded as bigint, cause)
  }
  if (error === 'StillLocked') return new BondLockedError(facts.releaseAt as bigint, cause)
  if (error === 'NothingAtStake') return new NothingAtStakeError(String(facts.culprit), cause)
  if (error === 'NothingToWithdraw') return new InsufficientTokensError('credit', String(facts.wallet), 1n, 0n, cause)
  if (error === 'NothingLeaves') return new InsufficientTokensError('a bond asked back', String(facts.wallet), 1n, 0n, cause)
  return undefined
}

/** Whether a contract refused, and not the node, where there is no data. */
export function isRevert({ code, message }: RpcRefusedError): boolean {
  return code === 3 || /revert/i.test(message)
}
