import { RpcRefusedError } from '../errors.ts'
import { count, nullable, type Parse, type Receipt, receipt, whereabouts } from '../rpc/fields.ts'
import type { SenderComponents } from './components.ts'
import type { SignedTransaction } from './sign.ts'

/** One nonce and all that was ever signed for it. */
interface Signed {
  readonly nonce: number
  readonly versions: readonly SignedTransaction[]
}

type Lookup = Pick<SenderComponents, 'rpc' | 'signer'>

/** The receipt of whichever version is in the chain, on which the endpoints agree; the one that was last, first. */
export async function findReceipt(
  { rpc }: Pick<Lookup, 'rpc'>,
  { versions }: Signed,
  mined: Receipt | undefined,
  signal: AbortSignal,
): Promise<Receipt | undefined> {
  const hashes = new Set([...(mined === undefined ? [] : [mined.hash]), ...versions.map(({ hash }) => hash).reverse()])
  for (const hash of hashes) {
    const found = await rpc.agree('eth_getTransactionReceipt', [hash], receiptOf(hash), { signal })
    if (found !== undefined) return found
  }
  return undefined
}

/** A receipt of another transaction is a lie or a bug of the node. */
const receiptOf = (hash: string) => (answer: unknown) => {
  const found = nullable(receipt)(answer)
  if (found !== undefined && found.hash !== hash) throw new Error('expected the receipt of the transaction asked for')
  return found
}

/** The chain counts past the nonce. */
export async function isNonceUsed({ rpc, signer }: Lookup, { nonce }: Signed, signal: AbortSignal): Promise<boolean> {
  return (await rpc.agree('eth_getTransactionCount', [signer.address, 'latest'], count, { signal })) > nonce
}

/**
 * Whether any endpoint at all has any version in a block: one's word is too little to count it and enough not to send another. Throws where one that is asked
 * does not answer, as it may be the one that knows.
 */
export async function isInSomeBlock(lookup: Lookup, { versions }: Signed, signal: AbortSignal): Promise<boolean> {
  for (const { hash } of versions) {
    if (await isAnyones(lookup, 'eth_getTransactionReceipt', hash, (found) => found.isInBlock, signal)) return true
    if (await isAnyones(lookup, 'eth_getTransactionByHash', hash, (found) => found.isInBlock, signal)) return true
  }
  return false
}

/** Whether any endpoint has any version, be it in its pool. Throws as `isInSomeBlock`. */
export async function isKnownSomewhere(lookup: Lookup, { versions }: Signed, signal: AbortSignal): Promise<boolean> {
  for (const { hash } of versions) if (await isAnyones(lookup, 'eth_getTransactionByHash', hash, () => true, signal)) return true
  return false
}

type Whereabouts = ReturnType<typeof whereabouts>

async function isAnyones(
  { rpc }: Pick<Lookup, 'rpc'>,
  method: string,
  hash: string,
  holds: (found: Whereabouts) => boolean,
  signal: AbortSignal,
): Promise<boolean> {
  const parse: Parse<Whereabouts | undefined> = nullable(whereabouts)
  const outcomes = await rpc.all(method, [hash], parse, { signal })
  if (outcomes.some((outcome) => outcome.status === 'fulfilled' && outcome.value !== undefined && holds(outcome.value))) return true
  for (const outcome of outcomes) {
    // One that refuses the question, as some do not know the method, says nothing of the transaction.
    if (outcome.status === 'rejected' && !(outcome.reason instanceof RpcRefusedError)) throw outcome.reason
  }
  return false
}
