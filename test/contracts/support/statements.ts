import { Signature, type Signer } from 'ethers'
import { escrowDomain, LEAF_COMMIT, RECHECK, ROOT_ENDORSEMENT, VERDICT } from './typed-data.ts'

const TYPES = { LeafCommit: LEAF_COMMIT, RootEndorsement: ROOT_ENDORSEMENT, Verdict: VERDICT, Recheck: RECHECK }

/** EIP-2098's form, as the contracts take it. */
export interface CompactSignature {
  r: string
  vs: string
}

export interface SigningDomain {
  chainId: bigint
  escrow: string
}

/** `signer`'s signature of a statement of this kind. */
export async function signStatement(
  { chainId, escrow }: SigningDomain,
  signer: Signer,
  kind: keyof typeof TYPES,
  statement: Record<string, unknown>,
): Promise<CompactSignature> {
  const types = Object.fromEntries(Object.entries(TYPES[kind]).map(([name, fields]) => [name, [...fields]]))
  const { r, yParityAndS } = Signature.from(await signer.signTypedData(escrowDomain(chainId, escrow), types, statement))
  return { r, vs: yParityAndS }
}
