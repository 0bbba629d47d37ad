import { Signature, TypedDataEncoder, type TypedDataField, verifyTypedData, type Wallet } from 'ethers'
import type { Statement, Statements, WalletSignature } from '../ports.ts'
import { type EscrowDomain, LEAF_COMMIT, RECHECK, ROOT_ENDORSEMENT, VERDICT } from './typed-data.ts'

const TYPES = {
  'leaf-commit': LEAF_COMMIT,
  'root-endorsement': ROOT_ENDORSEMENT,
  verdict: VERDICT,
  recheck: RECHECK,
} as const

/** Signs with `wallet` what others check; both for one escrow on one chain. */
export function createStatements(wallet: Pick<Wallet, 'signingKey'>, domain: EscrowDomain): Statements {
  return {
    sign(statement) {
      const digest = TypedDataEncoder.hash({ ...domain }, typesOf(statement), contractStatement(statement))
      const { r, yParityAndS } = wallet.signingKey.sign(digest)
      return { r, vs: yParityAndS }
    },
    signerOf(statement, signature) {
      try {
        return verifyTypedData({ ...domain }, typesOf(statement), contractStatement(statement), fullSignature(signature))
      } catch {
        // Whatever is wrong with it, nobody signed that.
        return undefined
      }
    },
    hashOf(statement) {
      const [name] = Object.keys(TYPES[statement.kind])
      return TypedDataEncoder.hashStruct(name!, typesOf(statement), contractStatement(statement))
    },
  }
}

/** The statement as the contract names its fields. */
export function contractStatement({ kind: _, escrowId, ...fields }: Statement): Record<string, unknown> {
  return { jobId: escrowId, ...fields }
}

function typesOf({ kind }: Statement): Record<string, TypedDataField[]> {
  return Object.fromEntries(Object.entries(TYPES[kind]).map(([name, fields]) => [name, [...fields]]))
}

function fullSignature({ r, vs }: WalletSignature): Signature {
  return Signature.from({ r, yParityAndS: vs })
}
