import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { getBytes, HDNodeWallet, JsonRpcProvider, Wallet } from 'ethers'
import { connectChain } from '../../src/chain/connect.ts'
import { creationsOf } from '../../src/chain/deploy/creations.ts'
import { DEFAULT_RULES, DEFAULT_SUPPLY_WEI } from '../../src/chain/deploy/rules.ts'
import { DEVELOPMENT_VERIFIERS, type VerifierArtifact } from '../../src/chain/deploy/verifiers.ts'
import { type Anvil, startAnvil } from '../../src/chain/devnet/anvil.ts'
import { InsecureEscrowError } from '../../src/chain/errors.ts'
import { parseConfig } from '../../src/config.ts'
import type { JobInfo } from '../../src/job/info.ts'
import type { Paid } from '../../src/job/payment.ts'
import { silentLogger } from '../../src/log.ts'
import { openEscrow } from '../../src/node/open-escrow.ts'
import { createUndo } from '../../src/node/undo.ts'
import { paidInfo, plainInfo } from '../support/job-world.ts'

const MNEMONIC = 'test test test test test test test test test test test junk'
/** Not the development chain's. */
const CHAIN = 4711
const { privateKey } = HDNodeWallet.fromPhrase(MNEMONIC)
const walletKey = getBytes(privateKey)
const JOB = paidInfo(plainInfo(2, 3, 4, `12D3KooW${'Z'.repeat(44)}`)) as Paid<JobInfo>

describe('an escrow with the development key on another chain than the development chain', () => {
  let anvil: Anvil
  let provider: JsonRpcProvider
  let home: string

  before(async () => {
    home = await mkdtemp(join(tmpdir(), 'minga-escrow-keys-'))
    anvil = await startAnvil({ port: 0, chainId: CHAIN, mnemonic: MNEMONIC, accounts: 1 })
    provider = new JsonRpcProvider(anvil.url, CHAIN, { staticNetwork: true, cacheTimeout: -1 })
  })
  after(async () => {
    provider?.destroy()
    await anvil?.stop()
    await rm(home, { recursive: true })
  })

  /** `deploy` would refuse what somebody else's tools do. */
  async function deployWith(verifiers: readonly VerifierArtifact[]) {
    const wallet = new Wallet(privateKey, provider)
    const token = { holder: wallet.address, supplyWei: DEFAULT_SUPPLY_WEI }
    const from = { from: wallet.address, nonce: await wallet.getNonce() }
    const { creations, ...standing } = creationsOf(from, { token, rules: DEFAULT_RULES, verifiers })
    for (const { initCode, nonce } of creations) await (await wallet.sendTransaction({ data: initCode, nonce })).wait()
    return standing
  }

  async function open({ escrow, token }: { escrow: string; token: string }, works: boolean) {
    const flags = { 'chain.rpc': [anvil.url], 'chain.id': String(CHAIN), 'chain.escrow': escrow, 'chain.token': token }
    const { config } = parseConfig(flags, {}, undefined, { home, cwd: home, platform: process.platform })
    const undo = createUndo()
    try {
      return await openEscrow({ config, logger: silentLogger, walletKey, works }, undo)
    } finally {
      await undo.run()
    }
  }

  it('is refused by a peer without circuits, by a bootstrap node, and by whoever would pay', async () => {
    const { escrow, token } = await deployWith(DEVELOPMENT_VERIFIERS)
    await assert.rejects(open({ escrow, token }, true), InsecureEscrowError)
    await assert.rejects(open({ escrow, token }, false), InsecureEscrowError)
    const chain = await connectChain({ chain: { chainId: CHAIN, rpc: [anvil.url], escrow, token }, walletKey })
    try {
      await assert.rejects(chain.rules(), InsecureEscrowError)
      await assert.rejects(chain.rules(), InsecureEscrowError)
    } finally {
      await chain.stop()
    }
  })

  it('is not what an escrow with other keys is taken for; one of four is enough', async () => {
    const own = DEVELOPMENT_VERIFIERS.map((verifier, i) => ({ ...verifier, verificationKeyHash: `0x${String(i + 1).repeat(64)}` }))
    assert.equal((await open(await deployWith(own), true))?.settles(JOB), false)
    await assert.rejects(open(await deployWith(own.with(2, DEVELOPMENT_VERIFIERS[2]!)), true), /found the INSECURE development key for 8x8/)
  })
})
