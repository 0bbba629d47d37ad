/**
 * What wallets sign for the escrow, as ethers wants its types: a third hand beside contracts/libraries/Statements.sol and src/job/settlement/statements.ts.
 * `jobId` is the id of the Job in the escrow (`jobIdOf` there), not the protocol's.
 */

interface TypedField {
  readonly name: string
  readonly type: string
}

/** The domain of the escrow at `verifyingContract`. */
export interface EscrowDomain {
  readonly name: 'Minga'
  readonly version: '1'
  readonly chainId: number | bigint
  readonly verifyingContract: string
}

export function escrowDomain(chainId: number | bigint, escrow: string): EscrowDomain {
  return { name: 'Minga', version: '1', chainId, verifyingContract: escrow }
}

/** A processor's commit to what it found, before anyone knows what will be checked. Two of one (jobId, macroJob, microJob, attempt) convict. */
export const LEAF_COMMIT = {
  LeafCommit: [
    { name: 'jobId', type: 'uint256' },
    { name: 'macroJob', type: 'uint32' },
    { name: 'microJob', type: 'uint32' },
    { name: 'attempt', type: 'uint32' },
    { name: 'leaf', type: 'uint256' },
  ],
} as const satisfies Record<string, readonly TypedField[]>

/** A worker's signature under a chunk's root; `proposal` is the digest of whose commits it stands for, and who may validate. */
export const ROOT_ENDORSEMENT = {
  RootEndorsement: [
    { name: 'jobId', type: 'uint256' },
    { name: 'chunk', type: 'uint32' },
    { name: 'attempt', type: 'uint32' },
    { name: 'root', type: 'uint256' },
    { name: 'proposal', type: 'bytes32' },
  ],
} as const satisfies Record<string, readonly TypedField[]>

/**
 * A validator's word that its own run agrees with all openings of a MacroJob, and that `verdict` is the opened element. The beacon is in it because a
 * reorganised chain may draw another one for the same root, and then another verdict is no contradiction.
 */
export const VERDICT = {
  Verdict: [
    { name: 'jobId', type: 'uint256' },
    { name: 'chunk', type: 'uint32' },
    { name: 'attempt', type: 'uint32' },
    { name: 'macroJob', type: 'uint32' },
    { name: 'root', type: 'uint256' },
    { name: 'beacon', type: 'uint256' },
    { name: 'verdict', type: 'uint256' },
  ],
} as const satisfies Record<string, readonly TypedField[]>

/** A witness's own result of one block, against a statement: the EIP-712 struct hash of a LeafCommit, a Verdict or another Recheck. */
export const RECHECK = {
  Recheck: [
    { name: 'jobId', type: 'uint256' },
    { name: 'statement', type: 'bytes32' },
    { name: 'microJob', type: 'uint32' },
    { name: 'blockIndex', type: 'uint32' },
    { name: 'blockHash', type: 'bytes32' },
  ],
} as const satisfies Record<string, readonly TypedField[]>
