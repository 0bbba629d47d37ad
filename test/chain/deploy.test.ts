import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { Contract, getBytes, HDNodeWallet, JsonRpcProvider } from 'ethers'
import { connectChain } from '../../src/chain/connect.ts'
import escrowArtifact from '../../src/chain/deploy/artifacts/Escrow.json' with { type: 'json' }
import tokenArtifact from '../../src/chain/deploy/artifacts/JobToken.json' with { type: 'json' }
import { type Deployment, deploy } from '../../src/chain/deploy/deploy.ts'
import { DeploymentFailedError, InsecureVerifierError } from '../../src/chain/deploy/errors.ts'
import { DEFAULT_RULES, type DeploymentRules } from '../../src/chain/deploy/rules.ts'
import { checkVerifiers, DEVELOPMENT_VERIFIERS } from '../../src/chain/deploy/verifiers.ts'
import { type Anvil, startAnvil } from '../../src/chain/devnet/anvil.ts'
import { WrongChainError } from '../../src/chain/errors.ts'
import { SIZE_CLASSES } from '../../src/job/settlement/size-classes.ts'
import { minga } from '../cli/run.ts'

const MNEMONIC = 'test test test test test test test test test test test junk'
const CHAIN = 31337
const walletKey = getBytes(HDNodeWallet.fromPhrase(MNEMONIC).privateKey)

describe('deploying the escrow on a real anvil', () => {
  let anvil: Anvil
  let provider: JsonRpcProvider
  let deployment: Deployment

  before(async () => {
    anvil = await startAnvil({ port: 0, chainId: CHAIN, mnemonic: MNEMONIC, accounts: 2 })
    provider = new JsonRpcProvider(anvil.url, CHAIN, { staticNetwork: true })
    deployment = await deploy({ rpcUrl: anvil.url, chainId: CHAIN, walletKey })
  })
  after(async () => {
    provider?.destroy()
    await anvil?.stop()
  })

  it('puts token, verifiers and escrow where it says', async () => {
    for (const address of [deployment.token, deployment.escrow, ...deployment.verifiers.map((verifier) => verifier.address)]) {
      assert.notEqual(await provider.getCode(address), '0x')
    }
    const escrow = new Contract(deployment.escrow, escrowArtifact.abi, provider)
    assert.equal(await escrow.getFunction('token')(), deployment.token)
    assert.equal((await escrow.getFunction('rules')()).slashBps, BigInt(DEFAULT_RULES.slashBps))
    const classes = await escrow.getFunction('sizeClasses')()
    for (const [index, { sizeClass, address, verificationKeyHash }] of deployment.verifiers.entries()) {
      const { macroJobs, microJobs, payees } = SIZE_CLASSES[sizeClass]
      const expected = [address, BigInt(macroJobs), BigInt(microJobs), BigInt(payees), verificationKeyHash]
      assert.deepEqual(classes[index].toArray(), expected)
    }
  })

  describe('with rules of its own', () => {
    const escrowWith = (rules: Partial<DeploymentRules>) =>
      deploy({ rpcUrl: anvil.url, chainId: CHAIN, walletKey, rules: { ...DEFAULT_RULES, ...rules } })
    const open = ({ escrow, token }: Deployment) => connectChain({ chain: { chainId: CHAIN, rpc: [anvil.url], escrow, token }, walletKey })

    it('is served where peers can keep to them', async () => {
      const chain = await open(await escrowWith({ beaconDelayBlocks: 3, slashBps: 5000, minBondWei: 7n, maxAttempts: 20 }))
      const { beaconDelayBlocks, slashBps, minBondWei } = await chain.rules()
      assert.deepEqual([beaconDelayBlocks, slashBps, minBondWei], [3, 5000, 7n])
      await chain.stop()
    })

    it('is refused at the start, in one line that says which, where they cannot', async () => {
      for (const [rules, expected] of [
        [{ witnesses: 5 }, /ask for 3 witnesses of a conviction, found 5 at 0x/],
        [{ maxAttempts: 4 }, /ask for at least 16 attempts a chunk, found 4 at 0x/],
      ] as const) {
        const { escrow, token } = await escrowWith(rules)
        const flags = ['--chain-rpc', anvil.url, '--chain-id', String(CHAIN), '--chain-escrow', escrow, '--chain-token', token]
        const folder = await mkdtemp(join(tmpdir(), 'minga-rules-'))
        const { code, stderr } = await minga(['bootstrap', '--listen', '/ip4/127.0.0.1/tcp/0', '-d', folder, ...flags])
        await rm(folder, { recursive: true })
        assert.equal(code, 2, stderr)
        assert.match(stderr, expected)
      }
    })
  })

  it('gives the deployer all tokens', async () => {
    const token = new Contract(deployment.token, tokenArtifact.abi, provider)
    const deployer = HDNodeWallet.fromPhrase(MNEMONIC).address
    assert.equal(await token.getFunction('balanceOf')(deployer), await token.getFunction('totalSupply')())
  })

  it('can be done twice, side by side', async () => {
    const second = await deploy({ rpcUrl: anvil.url, chainId: CHAIN, walletKey, supplyWei: 7n, holder: deployment.escrow })
    assert.notEqual(second.escrow, deployment.escrow)
    const token = new Contract(second.token, tokenArtifact.abi, provider)
    assert.equal(await token.getFunction('balanceOf')(deployment.escrow), 7n)
  })

  it('refuses another chain than the one that is meant', async () => {
    const verifiers = [{ ...DEVELOPMENT_VERIFIERS[0]!, insecure: false, bytecode: '0x00', verificationKeyHash: `0x${'12'.repeat(32)}` }]
    await assert.rejects(deploy({ rpcUrl: anvil.url, chainId: 1, walletKey, verifiers }), WrongChainError)
  })

  it('says which contract an empty wallet could not create', async () => {
    const poor = deploy({ rpcUrl: anvil.url, chainId: CHAIN, walletKey: new Uint8Array(32).fill(1) })
    await assert.rejects(poor, (error: unknown) => error instanceof DeploymentFailedError && error.contract === 'JobToken')
  })
})

describe('the development key', () => {
  it('is refused on any chain but 31337, whatever it says of itself', () => {
    checkVerifiers(CHAIN, DEVELOPMENT_VERIFIERS)
    const [verifier] = DEVELOPMENT_VERIFIERS
    const hash = `0x${'ab'.repeat(32)}`
    for (const disguised of [
      verifier!,
      { ...verifier!, insecure: false },
      { ...verifier!, insecure: false, verificationKeyHash: hash },
      { ...verifier!, insecure: false, bytecode: '0x6000' },
      { ...verifier!, verificationKeyHash: hash, bytecode: '0x6000' },
    ]) {
      assert.throws(() => checkVerifiers(1, [disguised]), InsecureVerifierError)
    }
    checkVerifiers(1, [{ ...verifier!, insecure: false, verificationKeyHash: hash, bytecode: '0x6000' }])
  })

  it('has the pinned hashes', async () => {
    assert.equal(DEVELOPMENT_VERIFIERS.length, 4)
    assert.ok(DEVELOPMENT_VERIFIERS.every(({ insecure }) => insecure))
  })
})
