import { FeeAboveCapError, InsufficientGasMoneyError } from '../errors.ts'
import { quantity } from '../rpc/fields.ts'
import { nobodys } from '../rpc/rpc.ts'
import type { SenderComponents, SenderInit } from './components.ts'
import { type Fee, feeFor, least, most } from './fees.ts'
import type { Call } from './sign.ts'

/** A state that changes between estimate and block makes a call dearer; what is not used is not paid. */
const GAS_MARGIN = { num: 5n, den: 4n } as const
/** No call of ours needs a tenth of it; a lying node must not make us stake a whole block's gas. */
const MAX_GAS = 10_000_000n
/** Where a node knows no eth_maxPriorityFeePerGas: one gwei, which all chains take. */
const FALLBACK_TIP_WEI = 1_000_000_000n

/**
 * The gas limit for the call: by the highest estimate, since one that is too low is paid for nothing. Throws what `explain` makes of a refusal:
 * most reverts show here, before any gas is paid.
 */
export async function estimateGas({ rpc, signer, explain }: SenderComponents, call: Call, signal: AbortSignal): Promise<bigint> {
  const request = { from: signer.address, to: call.to, data: call.data }
  // Not on top of the pool, nodes' default: what waits there may be what this call replaces.
  const outcomes = await rpc.all('eth_estimateGas', [request, 'latest'], quantity, { signal })
  const estimates = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
  if (estimates.length === 0) throw explain(nobodys(outcomes.flatMap((o) => (o.status === 'rejected' ? [o.reason as Error] : []))), call)
  return least((most(...estimates) * GAS_MARGIN.num) / GAS_MARGIN.den, MAX_GAS)
}

/** What to offer now. Throws FeeAboveCapError. */
export async function marketFee(
  { rpc, head }: Pick<SenderComponents, 'rpc' | 'head'>,
  { fees }: Pick<SenderInit, 'fees'>,
  signal: AbortSignal,
): Promise<Fee> {
  const { baseFeeWei } = await head.latest({ signal })
  const tip = await rpc.ask('eth_maxPriorityFeePerGas', [], quantity, { signal }).catch(() => {
    signal.throwIfAborted()
    return FALLBACK_TIP_WEI
  })
  const fee = feeFor(baseFeeWei, tip, fees)
  if (fee === undefined) throw new FeeAboveCapError(baseFeeWei, fees.capWei)
  return fee
}

/** Throws InsufficientGasMoneyError where the wallet cannot pay the most that the transaction may cost. */
export async function checkGasMoney({ rpc, signer }: SenderComponents, gasLimit: bigint, fee: Fee, signal: AbortSignal): Promise<void> {
  const foundWei = await rpc.agree('eth_getBalance', [signer.address, 'latest'], quantity, { signal })
  const neededWei = gasLimit * fee.maxWei
  if (foundWei < neededWei) throw new InsufficientGasMoneyError(signer.address, neededWei, foundWei)
}
