import { secp256k1 } from '@noble/curves/secp256k1.js'
import { hexToBytes } from '../bytes.ts'
import { type Fields, hashStruct, typedDataDigest } from '../typed-data.ts'
import { addressOfPublicKey } from '../wallet-address.ts'

/**
 * What wallets sign for the escrow, by EIP-712 (contracts/libraries/Statements.sol). Peers keep these signatures in their records: the contract takes them
 * as evidence, and the fold counts only those that hold.
 */

/** The escrow that a statement is made to. */
export interface EscrowDomain {
  chainId: number
  escrow: string
}

export interface LeafCommit {
  jobId: bigint
  macro: number
  micro: number
  attempt: number
  leaf: bigint
}

export interface RootEndorsement {
  jobId: bigint
  chunk: number
  attempt: number
  root: bigint
  /** 32 bytes. */
  proposal: Uint8Array
}

export interface Verdict {
  jobId: bigint
  chunk: number
  attempt: number
  macro: number
  root: bigint
  beacon: bigint
  verdict: bigint
}

/** "I ran this block again": evidence against a statement, by its struct hash. */
export interface Recheck {
  jobId: bigint
  statement: Uint8Array
  micro: number
  block: number
  blockHash: Uint8Array
}

const uint256 = (value: bigint) => ({ type: 'uint256', value }) as const
const uint32 = (value: number) => ({ type: 'uint32', value: BigInt(value) }) as const
const bytes32 = (value: Uint8Array) => ({ type: 'bytes32', value }) as const

export function leafCommitHash({ jobId, macro, micro, attempt, leaf }: LeafCommit): Uint8Array {
  const fields: Fields = [
    ['jobId', uint256(jobId)],
    ['macroJob', uint32(macro)],
    ['microJob', uint32(micro)],
    ['attempt', uint32(attempt)],
    ['leaf', uint256(leaf)],
  ]
  return hashStruct('LeafCommit', fields)
}

export function rootEndorsementHash({ jobId, chunk, attempt, root, proposal }: RootEndorsement): Uint8Array {
  const fields: Fields = [
    ['jobId', uint256(jobId)],
    ['chunk', uint32(chunk)],
    ['attempt', uint32(attempt)],
    ['root', uint256(root)],
    ['proposal', bytes32(proposal)],
  ]
  return hashStruct('RootEndorsement', fields)
}

export function verdictHash({ jobId, chunk, attempt, macro, root, beacon, verdict }: Verdict): Uint8Array {
  const fields: Fields = [
    ['jobId', uint256(jobId)],
    ['chunk', uint32(chunk)],
    ['attempt', uint32(attempt)],
    ['macroJob', uint32(macro)],
    ['root', uint256(root)],
    ['beacon', uint256(beacon)],
    ['verdict', uint256(verdict)],
  ]
  return hashStruct('Verdict', fields)
}

export function recheckHash({ jobId, statement, micro, block, blockHash }: Recheck): Uint8Array {
  const fields: Fields = [
    ['jobId', uint256(jobId)],
    ['statement', bytes32(statement)],
    ['microJob', uint32(micro)],
    ['blockIndex', uint32(block)],
    ['blockHash', bytes32(blockHash)],
  ]
  return hashStruct('Recheck', fields)
}

function digestOf({ chainId, escrow }: EscrowDomain, structHash: Uint8Array): Uint8Array {
  const domain = hashStruct('EIP712Domain', [
    ['name', { type: 'string', value: 'Minga' }],
    ['version', { type: 'string', value: '1' }],
    ['chainId', uint256(BigInt(chainId))],
    ['verifyingContract', { type: 'address', value: hexToBytes(escrow.slice(2).toLowerCase()) }],
  ])
  return typedDataDigest(domain, structHash)
}

/** EIP-2098's short form: r, then s with the parity of y in its highest bit. */
export const SIGNATURE_BYTES = 64
const PARITY = 0x80

/** Signs a statement's struct hash with a wallet's 32-byte key. */
export function signStatement(walletKey: Uint8Array, domain: EscrowDomain, structHash: Uint8Array): Uint8Array {
  const recovered = secp256k1.sign(digestOf(domain, structHash), walletKey, { prehash: false, lowS: true, format: 'recovered' })
  const signature = recovered.slice(1)
  if (recovered[0] === 1) signature[32]! |= PARITY
  return signature
}

/** The wallet that signed, in small digits; undefined where the signature is none. About a millisecond. */
export function statementSigner(domain: EscrowDomain, structHash: Uint8Array, signature: Uint8Array): string | undefined {
  if (signature.length !== SIGNATURE_BYTES) return undefined
  const compact = signature.slice()
  const parity = compact[32]! >> 7
  compact[32]! &= ~PARITY
  try {
    const parsed = secp256k1.Signature.fromBytes(compact, 'compact').addRecoveryBit(parity)
    const publicKey = parsed.recoverPublicKey(digestOf(domain, structHash)).toBytes(false)
    return addressOfPublicKey(publicKey).toLowerCase()
  } catch {
    return undefined
  }
}
