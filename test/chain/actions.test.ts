import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import {
  BondLockedError,
  CallArgumentError,
  CallRevertedError,
  InsufficientTokensError,
  NothingAtStakeError,
} from '../../src/chain/errors.ts'
import type { AttemptRef, Chain, ChainOutcome, EscrowTerms, Settlement, StatementOf } from '../../src/ports.ts'
import { honest, reply, startProxy } from './support/proxy.ts'
import { BUDGET, startWorld, TOKEN, terms, units, type World } from './support/world.ts'

/** Which of the devnet's wallets they have. */
const PEER = 1
const OTHER = 2
const BONDLESS = 3

describe('the escrow, over a devnet', () => {
  let world: World
  let requester: Chain
  let peer: Chain
  let other: Chain
  before(async () => {
    world = await startWorld()
    ;[requester, peer, other] = await Promise.all([world.open(0), world.open(PEER), world.open(OTHER)])
    await Promise.all([peer.bond(600n * TOKEN), other.bond(600n * TOKEN)])
  })
  after(() => world.stop())

  const done = (outcome: ChainOutcome) =>
    outcome.outcome === 'done' ? outcome : assert.fail('expected a transaction, found it done already')
  const reverts = (action: Promise<unknown>, name: string) =>
    assert.rejects(action, (error) => {
      assert.ok(error instanceof CallRevertedError, String(error))
      assert.equal(error.error, name)
      return true
    })
  const place = async (changes: Partial<EscrowTerms> = {}) => {
    const placed = terms(changes)
    await requester.open(placed)
    return requester.escrowIdOf(requester.wallet, placed.jobId)
  }
  const proposal = `0x${'ab'.repeat(32)}`
  const commit = async (at: AttemptRef, root: bigint) => {
    const signatures = [await world.sign(PEER, { kind: 'root-endorsement', ...at, root, proposal })]
    return peer.commitRoot({ ...at, root, proposal, signatures })
  }
  /** A beacon is the hash of the block after the commit's, once it is over. */
  const pin = async (at: AttemptRef) => {
    await world.rpc('anvil_mine', '0x3')
    await peer.pinBeacon(at)
    return (await peer.attempt(at))!.beacon!
  }
  const settlement = async (at: AttemptRef, root: bigint, beacon: bigint): Promise<Settlement> => {
    const verdict = (macroJob: number) => ({ kind: 'verdict', ...at, macroJob, root, beacon, verdict: 5n }) as const
    return {
      ...at,
      counted: 0b11n,
      validations: await Promise.all(
        [0, 1].map(async (macroJob) => ({ verdict: 5n, signature: await world.sign(OTHER, verdict(macroJob)) })),
      ),
      payees: [
        { wallet: peer.wallet, count: units(4n, 0n) },
        { wallet: other.wallet, count: units(0n, 2n) },
      ],
      commitment: 9n,
      proof: {
        a: [1n, 2n],
        b: [
          [1n, 2n],
          [3n, 4n],
        ],
        c: [1n, 2n],
      },
    }
  }

  it('opens in one transaction, says what stands there, and opens nothing twice', async () => {
    const asked = terms()
    const before = await requester.balances()
    const { gasUsed, feeWei } = done(await requester.open(asked))
    assert.ok(gasUsed > 100_000n && feeWei > 0n)
    const escrowId = requester.escrowIdOf(requester.wallet, asked.jobId)
    const { jobId: _, ...shared } = asked
    const job = await peer.job(escrowId)
    assert.deepEqual(job, { ...shared, escrowId, requester: requester.wallet, state: 'open', heldWei: BUDGET })
    assert.equal((await requester.balances()).tokenWei, before.tokenWei - BUDGET)
    assert.deepEqual(await requester.open(asked), { outcome: 'already-done' })
    await reverts(requester.open({ ...asked, blocks: 5 }), 'JobExists')
    assert.equal(await peer.job(escrowId + 1n), undefined)
  })

  it('opens several at once, each with a permit of its own', async () => {
    const all = await Promise.all([terms(), terms(), terms()].map((asked) => requester.open(asked)))
    assert.equal(new Set(all.map((outcome) => done(outcome).transaction)).size, 3)
  })

  it('refuses what cannot be paid, with what there is', async () => {
    const rich = terms({ unitPriceWei: 900_000n * TOKEN, minBondWei: 100_000_000n * TOKEN })
    await assert.rejects(requester.open(terms({ unitPriceWei: 2n ** 80n })), CallArgumentError)
    await assert.rejects(requester.open(rich), (error) => {
      assert.ok(error instanceof InsufficientTokensError)
      assert.match(error.message, /^expected a balance of [0-9.]+ tokens for the wallet 0x\w+, found [0-9.]+$/)
      return error.exitCode === 6 && error.needed > error.found
    })
    await assert.rejects(requester.withdraw(), InsufficientTokensError)
  })

  it('cancels before anyone has engaged, and pays back as credit', async () => {
    const escrowId = await place()
    const { creditWei } = await requester.balances()
    done(await requester.cancel(escrowId))
    assert.equal((await requester.job(escrowId))?.state, 'cancelled')
    assert.equal((await requester.balances()).creditWei, creditWei + BUDGET)
    assert.deepEqual(await requester.cancel(escrowId), { outcome: 'already-done' })
    const before = await requester.balances()
    done(await requester.withdraw())
    const { tokenWei, creditWei: left } = await requester.balances()
    assert.deepEqual([tokenWei, left], [before.tokenWei + before.creditWei, 0n])
  })

  it('commits a root, pins its beacon, settles it once and pays', async () => {
    const escrowId = await place()
    const at = { escrowId, chunk: 0, attempt: 0 }
    assert.equal(await peer.attempt(at), undefined)
    done(await peer.engage(escrowId))
    assert.deepEqual(await other.engage(escrowId), { outcome: 'already-done' })
    await reverts(requester.cancel(escrowId), 'WrongState')

    done(await commit(at, 11n))
    assert.deepEqual(await commit(at, 11n), { outcome: 'already-done' })
    await reverts(commit(at, 12n), 'AttemptTaken')
    assert.equal(await peer.nextAttempt(escrowId, 0), 1)
    const beacon = await pin(at)
    assert.ok(beacon > 0n)
    assert.deepEqual(await other.pinBeacon(at), { outcome: 'already-done' })

    const paid = await settlement(at, 11n, beacon)
    const before = await Promise.all([peer.balances(), other.balances()])
    const [one, two] = await Promise.all([peer.settle(paid), other.settle(paid)])
    assert.equal([one, two].filter(({ outcome }) => outcome === 'done').length, 1, 'two finalizers, one settlement')
    assert.equal(await requester.settled(escrowId, 0), 0b11n)
    assert.equal((await requester.job(escrowId))?.state, 'settled')
    const after = await Promise.all([peer.balances(), other.balances()])
    const earned = after.map(({ creditWei }, index) => creditWei - before[index]!.creditWei)
    const finisher = one.outcome === 'done' ? [14n, 0n] : [0n, 14n]
    assert.deepEqual(earned, [(400n + finisher[0]!) * TOKEN, (60n + finisher[1]!) * TOKEN])
  })

  it('pays once what a reorganisation took and brought back', async () => {
    const escrowId = await place()
    const at = { escrowId, chunk: 0, attempt: 0 }
    await commit(at, 21n)
    const beacon = await pin(at)
    const { creditWei } = await other.balances()
    const { blockNumber } = done(await peer.settle(await settlement(at, 21n, beacon)))
    await world.rpc('anvil_reorg', (await peer.head()).number - blockNumber + 1, [])
    for await (const event of peer.events(blockNumber)) if (event.type === 'macrojobs:settled' && event.escrowId === escrowId) break
    assert.equal((await requester.job(escrowId))?.state, 'settled')
    assert.equal((await other.balances()).creditWei, creditWei + 60n * TOKEN)
    assert.deepEqual(await other.settle(await settlement(at, 21n, beacon)), { outcome: 'already-done' })
  })

  it('pins a beacon whose block came before the chain was started anew', async () => {
    const escrowId = await place()
    const at = { escrowId, chunk: 0, attempt: 0 }
    await commit(at, 41n)
    await world.rpc('anvil_mine', '0x3')
    await world.restart()
    done(await peer.pinBeacon(at))
    // Anvil has the opcode answer with another word for blocks before its start; it is the same for everybody.
    assert.ok(((await peer.attempt(at))?.beacon ?? 0n) > 0n)
  })

  it('survives an endpoint that dies under a settlement, and one before it', async () => {
    const escrowId = await place()
    const at = { escrowId, chunk: 0, attempt: 0 }
    await commit(at, 31n)
    const beacon = await pin(at)
    const one = await startProxy(() => world.url)
    const two = await startProxy(() => world.url)
    const finisher = await world.open(1, [one.url, two.url])
    await peer.stop()
    one.behave(async ({ id, method }, response, pass) => {
      const answer = await pass()
      if (method !== 'eth_sendRawTransaction') return reply(response, { id, ...answer })
      // It has the transaction, and is gone before it can say so; the other was never there.
      one.behave((_, dead) => dead.destroy())
      response.destroy()
    })
    two.behave((_, response) => response.destroy())
    const sent = Promise.withResolvers<string>()
    const outcome = finisher.settle(await settlement(at, 31n, beacon), { onSent: sent.resolve })
    await sent.promise
    two.behave(honest)
    assert.equal((await outcome).outcome, 'done')
    assert.equal(await requester.settled(escrowId, 0), 0b11n)
    await finisher.stop()
    await one.close()
    await two.close()
    peer = await world.open(1)
  })

  it('refunds after the deadline, by anyone and once', async () => {
    const now = (await peer.head()).timestamp
    const escrowId = await place({ deadline: now + 3_600 })
    await reverts(peer.refund(escrowId), 'DeadlineAhead')
    await world.rpc('evm_increaseTime', 3_700)
    await world.rpc('evm_mine')
    done(await peer.refund(escrowId))
    assert.deepEqual(await other.refund(escrowId), { outcome: 'already-done' })
    assert.equal((await requester.job(escrowId))?.state, 'refunded')
  })

  it('convicts who signed two leaves, once', async () => {
    const escrowId = await place({ deadline: (await peer.head()).timestamp + 86_400 })
    const leaf = (value: bigint): StatementOf<'leaf-commit'> => ({
      kind: 'leaf-commit',
      escrowId,
      macroJob: 0,
      microJob: 1,
      attempt: 0,
      leaf: value,
    })
    const signatures = [await world.sign(OTHER, leaf(1n)), await world.sign(OTHER, leaf(2n))] as const
    const conviction = { offence: 'two-leaves', commit: leaf(1n), otherLeaf: 2n, signatures } as const
    const { bondWei } = await other.balances()
    done(await peer.convict(conviction))
    assert.equal((await other.balances()).bondWei, bondWei - 125n * TOKEN)
    assert.deepEqual(await peer.convict(conviction), { outcome: 'already-done' })
  })

  it('says of whom it cannot convict now, because nothing is at stake', async () => {
    const escrowId = await place()
    const leaf = (value: bigint): StatementOf<'leaf-commit'> => ({
      kind: 'leaf-commit',
      escrowId,
      macroJob: 0,
      microJob: 0,
      attempt: 0,
      leaf: value,
    })
    const signatures = [await world.sign(BONDLESS, leaf(1n)), await world.sign(BONDLESS, leaf(2n))] as const
    const bondless = await world.open(BONDLESS)
    assert.equal((await bondless.balances()).bondWei, 0n)
    const conviction = { offence: 'two-leaves', commit: leaf(1n), otherLeaf: 2n, signatures } as const
    await assert.rejects(peer.convict(conviction), (error) => {
      assert.ok(error instanceof NothingAtStakeError, String(error))
      return error.wallet.toLowerCase() === bondless.wallet.toLowerCase()
    })
    await bondless.bond(50n * TOKEN)
    done(await peer.convict(conviction))
    assert.equal((await bondless.balances()).bondWei, 0n, 'what there was')
    await bondless.bond(500n * TOKEN)
    done(await peer.convict(conviction))
    assert.equal((await bondless.balances()).bondWei, 425n * TOKEN, 'and the rest of 125')
    assert.deepEqual(await peer.convict(conviction), { outcome: 'already-done' })
  })

  it('bonds with a permit, and gives a bond back after its wait', async () => {
    const { bondWei } = await requester.balances()
    done(await requester.bond(20n * TOKEN))
    done(await requester.requestUnbond(15n * TOKEN))
    const asked = await requester.balances()
    assert.deepEqual([asked.bondWei, asked.leavingWei], [bondWei + 5n * TOKEN, 15n * TOKEN])
    await assert.rejects(requester.unbond(), (error) => {
      assert.ok(error instanceof BondLockedError)
      const date = new Date(asked.releaseAt * 1000).toISOString()
      return error.message.includes(`locked until ${date}`) && /minga wallet unbond/.test(String(error.hint))
    })
    await assert.rejects(requester.requestUnbond(10_000n * TOKEN), InsufficientTokensError)
  })

  it('tells its size classes as the chain file has them', async () => {
    const classes = await requester.sizeClasses()
    assert.equal(classes.length, Object.keys(world.devnet.chain.verifiers).length)
    for (const { verifier, verificationKeyHash } of classes) {
      const named = Object.values(world.devnet.chain.verifiers).find((known) => known.verifier === verifier)
      assert.equal(named?.verificationKeyHash, verificationKeyHash)
    }
  })
})
