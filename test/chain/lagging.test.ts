/** Endpoints that know a transaction's nonce before they know its receipt: money moves once, and what was done is told as done. */
import assert from 'node:assert/strict'
import { after, afterEach, before, describe, it } from 'node:test'
import { TransactionUnconfirmedError } from '../../src/chain/errors.ts'
import type { Chain, ChainOutcome, Settlement } from '../../src/ports.ts'
import { balancer, behindBy, forgetful, lateReceipts } from './support/lagging.ts'
import { type Endpoint, honest, reply, startProxy } from './support/proxy.ts'
import { BUDGET, startWorld, TOKEN, terms, units, type World } from './support/world.ts'

const WALLET = 1
const OTHER = 2
/** Many polls of these tests. */
const LATE_MS = 400

describe('receipts that come later than nonces', () => {
  let world: World
  let one: Endpoint
  let two: Endpoint
  let wallet: Chain
  let twice: Chain
  before(async () => {
    world = await startWorld()
    one = await startProxy(() => world.url)
    two = await startProxy(() => world.url)
    wallet = await world.open(WALLET, [one.url])
    twice = await world.open(OTHER, [one.url, two.url])
  })
  afterEach(() => {
    one.behave(honest)
    two.behave(honest)
  })
  after(async () => {
    await world.stop()
    await one.close()
    await two.close()
  })

  /** Transactions of the wallet that are in blocks, as the chain itself counts them. */
  const sentBy = async (chain: Chain) => Number(await world.rpc('eth_getTransactionCount', chain.wallet, 'latest'))
  /** Runs the action with the endpoints as told, and holds that it sent one transaction. */
  const once = async <T>(chain: Chain, behave: () => void, action: () => Promise<T>): Promise<T> => {
    const before = await sentBy(chain)
    behave()
    try {
      return await action()
    } finally {
      // What was sent by mistake would still be on its way.
      await world.rpc('anvil_mine', '0x2')
      one.behave(honest)
      two.behave(honest)
      assert.equal(await sentBy(chain), before + 1)
    }
  }
  const late = () => one.behave(lateReceipts(LATE_MS))
  const done = async (action: Promise<ChainOutcome>) => {
    const outcome = await action
    return outcome.outcome === 'done' ? outcome : assert.fail('expected a transaction, found it done already')
  }
  const bondOf = async (chain: Chain) => (await chain.balances()).bondWei

  it('bonds once, and says with which transaction', async () => {
    const before = await bondOf(wallet)
    const hashes: string[] = []
    const { transaction } = await once(wallet, late, () => done(wallet.bond(40n * TOKEN, { onSent: (hash) => hashes.push(hash) })))
    assert.deepEqual(hashes, [transaction])
    assert.equal(await bondOf(wallet), before + 40n * TOKEN)
  })

  it('opens, cancels, asks a bond back and withdraws, each once and as done', async () => {
    const asked = terms()
    await once(wallet, late, () => done(wallet.open(asked)))
    const escrowId = wallet.escrowIdOf(wallet.wallet, asked.jobId)
    await once(wallet, late, () => done(wallet.cancel(escrowId)))
    const { tokenWei, creditWei } = await wallet.balances()
    assert.ok(creditWei >= BUDGET)
    await once(wallet, late, () => done(wallet.withdraw()))
    assert.equal((await wallet.balances()).tokenWei, tokenWei + creditWei)
    await once(wallet, late, () => done(wallet.requestUnbond(10n * TOKEN)))
    assert.equal((await wallet.balances()).leavingWei, 10n * TOKEN)
  })

  it('settles once, and says so', async () => {
    const placed = terms()
    const requester = await world.open(3)
    await Promise.all([wallet.bond(600n * TOKEN), twice.bond(600n * TOKEN)])
    await requester.open(placed)
    const at = { escrowId: requester.escrowIdOf(requester.wallet, placed.jobId), chunk: 0, attempt: 0 }
    const proposal = `0x${'ab'.repeat(32)}`
    const endorsement = await world.sign(WALLET, { kind: 'root-endorsement', ...at, root: 51n, proposal })
    await wallet.commitRoot({ ...at, root: 51n, proposal, signatures: [endorsement] })
    await world.rpc('anvil_mine', '0x3')
    await wallet.pinBeacon(at)
    const beacon = (await wallet.attempt(at))!.beacon!
    const verdict = (macroJob: number) => ({ kind: 'verdict', ...at, macroJob, root: 51n, beacon, verdict: 5n }) as const
    const settlement: Settlement = {
      ...at,
      counted: 0b11n,
      validations: await Promise.all([0, 1].map(async (of) => ({ verdict: 5n, signature: await world.sign(OTHER, verdict(of)) }))),
      payees: [
        { wallet: wallet.wallet, count: units(4n, 0n) },
        { wallet: twice.wallet, count: units(0n, 2n) },
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
    const { creditWei } = await wallet.balances()
    await once(wallet, late, () => done(wallet.settle(settlement)))
    assert.equal(await wallet.settled(at.escrowId, 0), 0b11n)
    assert.ok((await wallet.balances()).creditWei > creditWei)
  })

  it('bonds once over two endpoints, whether one of them is late, the other or both', async () => {
    const other = () => two.behave(lateReceipts(LATE_MS))
    const both = () => {
      late()
      other()
    }
    for (const behave of [late, other, both]) {
      const before = await bondOf(twice)
      await once(twice, behave, () => done(twice.bond(2n * TOKEN)))
      assert.equal(await bondOf(twice), before + 2n * TOKEN)
    }
  })

  it('bonds once where one address is many nodes, each behind by something else', async () => {
    const before = await bondOf(wallet)
    await world.rpc('anvil_mine', '0x8')
    const behave = () => one.behave(balancer(behindBy(6), honest, behindBy(4)))
    const blocks = setInterval(() => void world.rpc('anvil_mine', '0x1').catch(() => {}), 100)
    await once(wallet, behave, () => done(wallet.bond(3n * TOKEN))).finally(() => clearInterval(blocks))
    assert.equal(await bondOf(wallet), before + 3n * TOKEN)
  })

  it('sends nothing again where no receipt ever comes, and names what it sent', async () => {
    const before = await bondOf(wallet)
    const nonce = await sentBy(wallet)
    let hash = ''
    const onSent = (sent: string) => {
      hash = sent
    }
    await once(
      wallet,
      () => one.behave(forgetful),
      () =>
        assert.rejects(wallet.bond(5n * TOKEN, { onSent }), (error) => {
          assert.ok(error instanceof TransactionUnconfirmedError, String(error))
          assert.deepEqual([error.hash, error.nonce, error.exitCode], [hash, nonce, 4])
          return error.message.includes(hash) && /minga wallet/.test(String(error.hint))
        }),
    )
    assert.equal(await bondOf(wallet), before + 5n * TOKEN)
  })

  it('says that a Job is open, without a receipt ever', async () => {
    const asked = terms()
    const outcome = await once(
      wallet,
      () => one.behave(forgetful),
      () => wallet.open(asked),
    )
    assert.deepEqual(outcome, { outcome: 'already-done' })
  })

  it('waits for its receipt as long as any endpoint has the transaction in a block', async () => {
    const late = lateReceipts(LATE_MS * 4)
    const before = await bondOf(wallet)
    await once(
      wallet,
      () => one.behave(late),
      () => done(wallet.bond(TOKEN)),
    )
    assert.equal(await bondOf(wallet), before + TOKEN)
  })

  it('bonds once where a gateway says no and the node behind it has said yes', async () => {
    const before = await bondOf(wallet)
    const gateway = () =>
      one.behave(async ({ id, method }, response, pass) => {
        const answer = await pass()
        if (method !== 'eth_sendRawTransaction') return reply(response, { id, ...answer })
        reply(response, { id, error: { code: -32000, message: 'upstream request failed' } })
      })
    await once(wallet, gateway, () => done(wallet.bond(6n * TOKEN)))
    assert.equal(await bondOf(wallet), before + 6n * TOKEN)
  })

  it('refunds once, and gives a bond back once, when their time has come', async () => {
    const asked = terms({ deadline: (await wallet.head()).timestamp + 3_600 })
    await wallet.open(asked)
    const escrowId = wallet.escrowIdOf(wallet.wallet, asked.jobId)
    await world.rpc('evm_increaseTime', 60 * 86_400)
    await world.rpc('evm_mine')
    await once(wallet, late, () => done(wallet.refund(escrowId)))
    const { creditWei, leavingWei } = await wallet.balances()
    await once(wallet, late, () => done(wallet.unbond()))
    assert.equal((await wallet.balances()).creditWei, creditWei + leavingWei)
  })
})
