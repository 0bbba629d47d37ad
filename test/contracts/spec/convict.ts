import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import { TypedDataEncoder, type Wallet } from 'ethers'
import { committedJob } from '../support/jobs.ts'
import { LEAF_COMMIT, RECHECK, VERDICT } from '../support/typed-data.ts'
import { balanceOf, createWorld, ethers, eventsOf, pass, reverts, UNBOND_DELAY, type World } from '../support/world.ts'

let world: World
let peers: Wallet[]
let culprit: Wallet
/** Three bonded wallets in ascending order, not the culprit. */
let witnesses: Wallet[]
let jobId: bigint
let commit: { jobId: bigint; macroJob: number; microJob: number; attempt: number; leaf: bigint }
let verdict: { jobId: bigint; chunk: number; attempt: number; macroJob: number; root: bigint; beacon: bigint; verdict: bigint }

/** Files share one process, where a hook outside of `describe` runs before the tests of all. */
async function setUp() {
  world = await createWorld()
  peers = world.peers
  culprit = peers[4]!
  witnesses = peers.slice(0, 3)
  jobId = await committedJob(world)
  commit = { jobId, macroJob: 1, microJob: 2, attempt: 0, leaf: 7n }
  verdict = { jobId, chunk: 0, attempt: 0, macroJob: 1, root: 77n, beacon: 5n, verdict: 9n }
}

const hashOf = (types: object, value: object) =>
  TypedDataEncoder.hashStruct(Object.keys(types)[0]!, types as Record<string, { name: string; type: string }[]>, value)
const recheckOf = (statement: string, blockHash = ethers.id('right')) => ({ jobId, statement, microJob: 2, blockIndex: 3, blockHash })
const wordOf = (recheck: object, signers = witnesses) => Promise.all(signers.map((signer) => world.sign(signer, 'Recheck', { ...recheck })))

async function twoLeaves(first = culprit, second = culprit, otherLeaf = 8n, about = commit) {
  const signatures = [await world.sign(first, 'LeafCommit', about), await world.sign(second, 'LeafCommit', { ...about, leaf: otherLeaf })]
  return world.send(world.stranger, 'convictTwoLeaves', about, otherLeaf, signatures)
}

async function wrongLeaf(recheck = recheckOf(hashOf(LEAF_COMMIT, commit)), signers = witnesses, accused = culprit) {
  return world.send(
    world.stranger,
    'convictWrongLeaf',
    commit,
    await world.sign(accused, 'LeafCommit', commit),
    recheck,
    await wordOf(recheck, signers),
  )
}

async function bond(wallet: Wallet, amount: bigint) {
  await (await world.token.connect(wallet).getFunction('approve')(await world.escrow.getAddress(), amount)).wait()
  await world.send(wallet, 'bond', amount)
}

const ascending = (wallets: Wallet[]) => wallets.sort((a, b) => (BigInt(a.address) < BigInt(b.address) ? -1 : 1))

describe('convict', () => {
  beforeEach(setUp)

  it('convicts of two leaves for one MicroJob', async () => {
    const [event] = eventsOf(world, await twoLeaves())
    assert.deepEqual([event!.name, event!.args.culprit, event!.args.jobId], ['Convicted', culprit.address, jobId])
    assert.equal(await world.view('burnedOver', culprit.address, event!.args.subject), 400n)
  })

  it('convicts of two verdicts over one MacroJob', async () => {
    const signatures = [await world.sign(culprit, 'Verdict', verdict), await world.sign(culprit, 'Verdict', { ...verdict, verdict: 10n })]
    const [event] = eventsOf(world, await world.send(world.stranger, 'convictTwoVerdicts', verdict, 10n, signatures))
    assert.equal(event!.args.culprit, culprit.address)
  })

  it('convicts of two results of one block', async () => {
    const recheck = recheckOf(ethers.id('statement'))
    const other = ethers.id('other')
    const signatures = [
      await world.sign(culprit, 'Recheck', recheck),
      await world.sign(culprit, 'Recheck', { ...recheck, blockHash: other }),
    ]
    const [event] = eventsOf(world, await world.send(world.stranger, 'convictTwoRechecks', recheck, other, signatures))
    assert.equal(event!.args.culprit, culprit.address)
  })

  it('refuses the same leaf twice', () => reverts(world, twoLeaves(culprit, culprit, 7n), 'NoContradiction', hashOf(LEAF_COMMIT, commit)))

  it('refuses leaves of two wallets', () =>
    reverts(world, twoLeaves(culprit, peers[5]), 'DifferentSigners', culprit.address, peers[5]!.address))

  it('refuses a Job that nobody opened', () => reverts(world, twoLeaves(culprit, culprit, 8n, { ...commit, jobId: 3n }), 'NoSuchJob', 3n))

  it('convicts of a wrong leaf', async () => {
    const [event] = eventsOf(world, await wrongLeaf())
    assert.deepEqual(event!.args.toArray().slice(0, 2), [culprit.address, jobId])
  })

  it('convicts a validator of a wrong verdict', async () => {
    const recheck = recheckOf(hashOf(VERDICT, verdict))
    const signature = await world.sign(culprit, 'Verdict', verdict)
    const receipt = await world.send(world.stranger, 'convictWrongVerdict', verdict, signature, recheck, await wordOf(recheck))
    assert.equal(eventsOf(world, receipt)[0]!.args.culprit, culprit.address)
  })

  it('convicts a false accuser', async () => {
    const accusation = recheckOf(hashOf(LEAF_COMMIT, commit), ethers.id('wrong'))
    const recheck = recheckOf(hashOf(RECHECK, accusation))
    const signature = await world.sign(culprit, 'Recheck', accusation)
    const send = async (word: typeof recheck) =>
      world.send(world.stranger, 'convictWrongRecheck', accusation, signature, word, await wordOf(word))
    await reverts(world, send({ ...recheck, blockHash: accusation.blockHash }), 'NoContradiction')
    await reverts(world, send({ ...recheck, blockIndex: 4 }), 'NoContradiction')
    await reverts(world, send({ ...recheck, microJob: 1 }), 'NoContradiction')
    assert.equal(eventsOf(world, await send(recheck))[0]!.args.culprit, culprit.address)
  })

  it('refuses too few witnesses, and one twice', async () => {
    const [first, second] = witnesses as [Wallet, Wallet]
    await reverts(world, wrongLeaf(undefined, [first, second]), 'TooFewWitnesses', 2n, 3n)
    await reverts(world, wrongLeaf(undefined, [first, second, second]), 'WitnessesNotAscending', second.address, second.address)
  })

  it('refuses witnesses without a bond', async () => {
    const signers = ascending([...witnesses.slice(0, 2), world.stranger])
    await reverts(world, wrongLeaf(undefined, signers), 'NotBonded', world.stranger.address, 0n, 1600n)
  })

  it('takes witnesses that have asked their bond back since, while it waits', async () => {
    await world.send(witnesses[0]!, 'requestUnbond', 2000n)
    await wrongLeaf()
  })

  it('refuses witnesses that can take their bond out', async () => {
    await world.send(witnesses[2]!, 'requestUnbond', 2000n)
    await pass(UNBOND_DELAY)
    // The Job is over, and its deadline long past: still a false witness must have something to lose.
    await reverts(world, wrongLeaf(), 'NotBonded', witnesses[2]!.address, 0n, 1600n)
    jobId = await committedJob(world)
    commit = { ...commit, jobId }
    await reverts(world, wrongLeaf(), 'NotBonded', witnesses[2]!.address, 0n, 1600n)
  })

  it('refuses who accuses itself', () =>
    reverts(world, wrongLeaf(undefined, witnesses, witnesses[1]), 'AccusesItself', witnesses[1]!.address))

  it('refuses words about another statement', async () => {
    const statement = hashOf(LEAF_COMMIT, commit)
    await reverts(world, wrongLeaf(recheckOf(ethers.id('x'))), 'AboutAnotherStatement', statement, ethers.id('x'))
    await reverts(world, wrongLeaf({ ...recheckOf(statement), jobId: 3n }), 'AboutAnotherStatement', statement, statement)
  })

  it('refuses words that do not contradict', () =>
    reverts(world, wrongLeaf({ ...recheckOf(hashOf(LEAF_COMMIT, commit)), microJob: 1 }), 'NoContradiction'))

  it('burns a quarter of the bond that the Job asks for', async () => {
    const supply = () => world.token.getFunction('totalSupply').staticCall()
    const before = await supply()
    const [event] = eventsOf(world, await twoLeaves())
    assert.equal(event!.args.burned, 400n)
    assert.equal(before - (await supply()), 400n)
    assert.equal((await world.view('stakeOf', culprit.address)).active, 1600n)
    assert.equal(await balanceOf(world, await world.escrow.getAddress()), await world.view('owed'))
  })

  it('punishes an offence once', async () => {
    await twoLeaves()
    await reverts(world, twoLeaves(), 'ConvictedBefore')
    await reverts(world, twoLeaves(culprit, culprit, 9n), 'ConvictedBefore')
  })

  it('takes all wrong leaves of a MacroJob for one offence', async () => {
    await wrongLeaf()
    await reverts(world, wrongLeaf(), 'ConvictedBefore')
    commit = { ...commit, attempt: 3, leaf: 99n }
    await reverts(world, wrongLeaf(), 'ConvictedBefore')
    commit = { ...commit, macroJob: 2 }
    await wrongLeaf()
  })

  it('burns once for a MacroJob’s leaves, once for its verdicts and once for each recheck', async () => {
    const byWord = async (name: string, kind: 'LeafCommit' | 'Verdict' | 'Recheck', types: object, statement: object) => {
      const recheck = recheckOf(hashOf(types, statement))
      const signature = await world.sign(culprit, kind, { ...statement })
      return eventsOf(world, await world.send(world.stranger, name, statement, signature, recheck, await wordOf(recheck)))[0]!.args.burned
    }
    const burned: bigint[] = []
    // What a validator signs over two MacroJobs: a commit of its own, and the verdict.
    for (const macroJob of [1, 2]) {
      burned.push(await byWord('convictWrongLeaf', 'LeafCommit', LEAF_COMMIT, { ...commit, macroJob }))
      burned.push(await byWord('convictWrongVerdict', 'Verdict', VERDICT, { ...verdict, macroJob }))
    }
    assert.deepEqual(burned, [400n, 400n, 400n, 400n], 'all of the bond that the Job asks for')
    assert.equal(await byWord('convictWrongRecheck', 'Recheck', RECHECK, recheckOf(ethers.id('a statement'), ethers.id('wrong'))), 400n)
    assert.deepEqual((await world.view('stakeOf', culprit.address)).toArray().slice(0, 2), [0n, 0n])
  })

  it('reaches a bond that is on its way out', async () => {
    await world.send(culprit, 'requestUnbond', 2000n)
    await pass(UNBOND_DELAY - 100)
    const [event] = eventsOf(world, await twoLeaves())
    assert.equal(event!.args.burned, 400n)
    await pass(200)
    await world.send(culprit, 'unbond')
    assert.equal(await world.view('creditOf', culprit.address), 1600n)
  })

  it('takes what there is, and the rest when there is more', async () => {
    await world.send(culprit, 'requestUnbond', 100n)
    const burned = async (attempt: number) => eventsOf(world, await twoLeaves(culprit, culprit, 8n, { ...commit, attempt }))[0]!.args.burned
    for (let attempt = 0; attempt < 4; attempt++) assert.equal(await burned(attempt), 400n)
    await world.send(culprit, 'requestUnbond', 300n)
    await pass(UNBOND_DELAY)
    await world.send(culprit, 'unbond')
    await bond(culprit, 150n)
    assert.equal(await burned(4), 250n)
    assert.deepEqual((await world.view('stakeOf', culprit.address)).toArray().slice(0, 2), [0n, 0n])
    await bond(culprit, 2000n)
    assert.equal(await burned(4), 150n, 'no more than the offence costs')
    await reverts(world, burned(4), 'ConvictedBefore')
    assert.equal((await world.view('stakeOf', culprit.address)).active, 1850n)
  })

  it('refuses where nothing is at stake', async () => {
    const { stranger } = world
    await reverts(world, twoLeaves(stranger, stranger), 'NothingAtStake', stranger.address)
    await bond(stranger, 1n)
    await twoLeaves(stranger, stranger)
    await reverts(world, twoLeaves(stranger, stranger), 'NothingAtStake', stranger.address)
  })

  it('reaches a false witness that accused itself before it had a bond', async () => {
    const { stranger: liar } = world
    const accusation = recheckOf(hashOf(LEAF_COMMIT, commit), ethers.id('false'))
    const other = ethers.id('other')
    const both = [await world.sign(liar, 'Recheck', accusation), await world.sign(liar, 'Recheck', { ...accusation, blockHash: other })]
    await reverts(world, world.send(liar, 'convictTwoRechecks', accusation, other, both), 'NothingAtStake', liar.address)
    await bond(liar, 2000n)
    await wrongLeaf(accusation, ascending([liar, peers[0]!, peers[1]!]))
    const truth = recheckOf(hashOf(RECHECK, accusation))
    const honest = [peers[2]!, peers[3]!, peers[5]!]
    await world.send(peers[5]!, 'convictWrongRecheck', accusation, both[0], truth, await wordOf(truth, honest))
    assert.equal((await world.view('stakeOf', liar.address)).active, 1600n)
  })

  it('reaches a cheat that accused itself before it had a bond', async () => {
    const { stranger: cheat } = world
    await reverts(world, wrongLeaf(undefined, witnesses, cheat), 'NothingAtStake', cheat.address)
    await bond(cheat, 2000n)
    commit = { ...commit, microJob: 0, leaf: 5n }
    await wrongLeaf({ ...recheckOf(hashOf(LEAF_COMMIT, commit)), microJob: 0 }, witnesses, cheat)
    assert.equal((await world.view('stakeOf', cheat.address)).active, 1600n)
  })
})
