import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { getBytes, hexlify, Signature, TypedDataEncoder, Wallet } from 'ethers'
import {
  type EscrowDomain,
  leafCommitHash,
  recheckHash,
  rootEndorsementHash,
  signStatement,
  statementSigner,
  verdictHash,
} from '../../src/job/settlement/statements.ts'
import { escrowDomain, LEAF_COMMIT, RECHECK, ROOT_ENDORSEMENT, VERDICT } from '../contracts/support/typed-data.ts'

const domain: EscrowDomain = { chainId: 31337, escrow: `0x${'Ab'.repeat(20)}` }
const digest = new Uint8Array(32).fill(0xcd)
const large = 2n ** 253n - 3n

/** Each statement: the struct hash of ours, and what ethers is told. */
const statements = [
  {
    types: LEAF_COMMIT,
    hash: leafCommitHash({ jobId: large, macro: 3, micro: 65_535, attempt: 1, leaf: 0n }),
    fields: { jobId: large, macroJob: 3, microJob: 65_535, attempt: 1, leaf: 0n },
  },
  {
    types: ROOT_ENDORSEMENT,
    hash: rootEndorsementHash({ jobId: 1n, chunk: 2, attempt: 0, root: large, proposal: digest }),
    fields: { jobId: 1n, chunk: 2, attempt: 0, root: large, proposal: digest },
  },
  {
    types: VERDICT,
    hash: verdictHash({ jobId: 1n, chunk: 0, attempt: 15, macro: 4, root: 5n, beacon: large, verdict: 7n }),
    fields: { jobId: 1n, chunk: 0, attempt: 15, macroJob: 4, root: 5n, beacon: large, verdict: 7n },
  },
  {
    types: RECHECK,
    hash: recheckHash({ jobId: 1n, statement: digest, micro: 2, block: 15, blockHash: digest }),
    fields: { jobId: 1n, statement: digest, microJob: 2, blockIndex: 15, blockHash: digest },
  },
] as const

const typesOf = (types: object) => types as Record<string, { name: string; type: string }[]>

describe('statements to the escrow', () => {
  for (const { types, hash, fields } of statements) {
    const name = Object.keys(types)[0]!
    it(`hashes and signs a ${name} as ethers does`, () => {
      const wallet = Wallet.createRandom()
      const chain = escrowDomain(domain.chainId, domain.escrow.toLowerCase())
      assert.equal(hexlify(hash), TypedDataEncoder.hashStruct(name, typesOf(types), fields))
      const signature = signStatement(getBytes(wallet.privateKey), domain, hash)
      const theirs = wallet.signingKey.sign(TypedDataEncoder.hash({ ...chain }, typesOf(types), fields))
      assert.equal(hexlify(signature), Signature.from(theirs).compactSerialized)
      assert.equal(statementSigner(domain, hash, signature), wallet.address.toLowerCase())
    })
  }

  it('names another signer, or none, where a byte of the statement or its signature differs', () => {
    const wallet = Wallet.createRandom()
    const { hash } = statements[0]
    const signature = signStatement(getBytes(wallet.privateKey), domain, hash)
    const address = wallet.address.toLowerCase()
    assert.notEqual(statementSigner({ ...domain, chainId: 1 }, hash, signature), address)
    assert.notEqual(statementSigner(domain, digest, signature), address)
    for (const at of [0, 31, 32, 63]) {
      const bent = signature.with(at, signature[at]! ^ 1)
      assert.notEqual(statementSigner(domain, hash, bent), address)
    }
    assert.equal(statementSigner(domain, hash, signature.subarray(1)), undefined)
    assert.equal(statementSigner(domain, hash, new Uint8Array(64)), undefined)
    assert.equal(statementSigner(domain, hash, new Uint8Array(64).fill(255)), undefined)
  })
})
