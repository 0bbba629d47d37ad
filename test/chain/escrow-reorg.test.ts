import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { Contract, getBytes, HDNodeWallet, hexlify, id, JsonRpcProvider, randomBytes, Wallet } from 'ethers'
import escrowArtifact from '../../src/chain/deploy/artifacts/Escrow.json' with { type: 'json' }
import tokenArtifact from '../../src/chain/deploy/artifacts/JobToken.json' with { type: 'json' }
import { type Deployment, deploy } from '../../src/chain/deploy/deploy.ts'
import { DEFAULT_RULES } from '../../src/chain/deploy/rules.ts'
import { type Anvil, startAnvil } from '../../src/chain/devnet/anvil.ts'
import { signStatement } from '../contracts/support/statements.ts'

const MNEMONIC = 'test test test test test test test test test test test junk'
const CHAIN = 31337
/** Returns 1 whatever it is asked: PUSH 1, store it, return the word; in front the code that creates it. */
const YES = '0x69600160005260206000f3600052600a6016f3'

describe('a chain that reorganises under a settlement', () => {
  let anvil: Anvil
  let provider: JsonRpcProvider
  let deployment: Deployment
  let escrow: Contract
  let token: Contract
  const payer = HDNodeWallet.fromPhrase(MNEMONIC)
  const peer = new Wallet(hexlify(randomBytes(32)))

  before(async () => {
    anvil = await startAnvil({ port: 0, chainId: CHAIN, mnemonic: MNEMONIC, accounts: 2 })
    provider = new JsonRpcProvider(anvil.url, CHAIN, { staticNetwork: true, pollingInterval: 20, cacheTimeout: -1 })
    const verifiers = [{ sizeClass: '4x4' as const, insecure: true, verificationKeyHash: id('none'), bytecode: YES }]
    const rules = { ...DEFAULT_RULES, minBondWei: 1n }
    deployment = await deploy({ rpcUrl: anvil.url, chainId: CHAIN, walletKey: getBytes(payer.privateKey), verifiers, rules })
    escrow = new Contract(deployment.escrow, escrowArtifact.abi, payer.connect(provider))
    token = new Contract(deployment.token, tokenArtifact.abi, payer.connect(provider))
    await provider.send('anvil_setBalance', [peer.address, '0xde0b6b3a7640000'])
    await sent(token, 'transfer', peer.address, 1000n)
    await sent(token, 'approve', deployment.escrow, 10n ** 18n)
    await sent(token.connect(peer.connect(provider)) as Contract, 'approve', deployment.escrow, 1000n)
    await sent(byPeer(), 'bond', 1000n)
  })
  after(async () => {
    provider?.destroy()
    await anvil?.stop()
  })

  it('pays once where the settlement falls out and is sent again', async () => {
    const jobId = await committedJob('falls out')
    const brought = await settlementOf(jobId)
    await sent(byPeer(), 'settle', jobId, 0, 0, brought)
    assert.equal(await credit(), 130n)
    await reorg(1)
    assert.equal(await credit(), 0n)
    await sent(byPeer(), 'settle', jobId, 0, 0, brought)
    assert.equal(await credit(), 130n)
    await assert.rejects(sent(byPeer(), 'settle', jobId, 0, 0, brought))
    assert.equal(await token.getFunction('balanceOf')(deployment.escrow), await escrow.getFunction('owed')())
  })

  it('takes no verdict over a beacon that fell out', async () => {
    const jobId = await committedJob('another draw')
    const brought = await settlementOf(jobId)
    const { beacon } = await escrow.getFunction('chunkState')(jobId, 0, 0)
    // The root's block stays; what came after it is drawn anew.
    await reorg(3)
    await sent(byPeer(), 'pinBeacon', jobId, 0, 0)
    assert.notEqual((await escrow.getFunction('chunkState')(jobId, 0, 0)).beacon, beacon)
    await assert.rejects(sent(byPeer(), 'settle', jobId, 0, 0, brought))
    await sent(byPeer(), 'settle', jobId, 0, 0, await settlementOf(jobId))
    assert.equal(await credit(), 260n)
  })

  const byPeer = () => escrow.connect(peer.connect(provider)) as Contract
  const credit = (): Promise<bigint> => escrow.getFunction('creditOf')(peer.address)

  async function sent(contract: Contract, method: string, ...args: unknown[]) {
    const transaction = await contract.getFunction(method)(...args)
    assert.equal((await transaction.wait()).status, 1)
  }

  /** Takes the last blocks back, without their transactions, and puts others in their place. */
  async function reorg(depth: number) {
    await provider.send('anvil_reorg', [depth, []])
  }

  /** One MacroJob of one MicroJob at 100, its validation at 30. */
  async function committedJob(name: string): Promise<bigint> {
    const infoHash = id(name)
    const deadline = (await provider.getBlock('latest'))!.timestamp + 3600
    const shape = { sizeClass: 0, quorum: 1, blocks: 1, microJobs: 1, chunkMacroJobs: 1, macroJobs: 1 }
    const prices = { unitPrice: 100n, validationPrice: 30n, finisherPrice: 0n, minBond: 1n }
    await sent(escrow, 'open', { infoHash, seedCommitment: 5n, deadline, ...shape, ...prices })
    const jobId: bigint = await escrow.getFunction('jobIdOf')(payer.address, infoHash)
    const statement = { jobId, chunk: 0, attempt: 0, root: 7n, proposal: id('') }
    const signature = await signStatement({ chainId: BigInt(CHAIN), escrow: deployment.escrow }, peer, 'RootEndorsement', statement)
    await sent(byPeer(), 'commitRoot', jobId, 0, 0, 7n, id(''), [signature])
    await provider.send('anvil_mine', ['0x2'])
    await sent(byPeer(), 'pinBeacon', jobId, 0, 0)
    return jobId
  }

  async function settlementOf(jobId: bigint) {
    const { root, beacon } = await escrow.getFunction('chunkState')(jobId, 0, 0)
    const said = { jobId, chunk: 0, attempt: 0, macroJob: 0, root, beacon, verdict: 9n }
    const signature = await signStatement({ chainId: BigInt(CHAIN), escrow: deployment.escrow }, peer, 'Verdict', said)
    const proof = {
      a: [0, 0],
      b: [
        [0, 0],
        [0, 0],
      ],
      c: [0, 0],
    }
    return {
      counted: 1n,
      validations: [{ verdict: 9n, signature }],
      payees: [{ wallet: peer.address, count: 1n + (1n << 32n) }],
      commitment: 1n,
      proof,
    }
  }
})
