import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, describe, it } from 'node:test'
import { gunzipSync } from 'node:zlib'
import type { Anvil } from '../../src/chain/devnet/anvil.ts'
import {
  CallRevertedError,
  ChainStoppedError,
  FeeAboveCapError,
  InsufficientGasMoneyError,
  TransactionPendingError,
  TransactionUnconfirmedError,
} from '../../src/chain/errors.ts'
import type { Sender, Sent } from '../../src/chain/sender/sender.ts'
import { anvil, call, counted, setCounter, setRefuser } from './support/anvil.ts'
import { forgetful, lateReceipts } from './support/lagging.ts'
import { honest, startProxy } from './support/proxy.ts'
import { GWEI, increment, REFUSED, refused, type SenderWorldInit, senderOver } from './support/sender.ts'

describe('a wallet’s sender, over a real chain', () => {
  let chain: Anvil
  let snapshot: unknown
  const senders: Sender[] = []
  before(async () => {
    chain = await anvil()
    await setCounter(chain.url)
    await setRefuser(chain.url, REFUSED.getError('Refused')!.selector)
    snapshot = await rpc('evm_snapshot')
  })
  afterEach(async () => {
    for (const sender of senders.splice(0)) await sender.stop()
    await rpc('evm_revert', snapshot)
    await rpc('evm_setAutomine', true)
    await rpc('anvil_dropAllTransactions')
    snapshot = await rpc('evm_snapshot')
  })
  after(() => chain.stop())

  const rpc = (method: string, ...params: unknown[]) => call(chain.url, method, ...params)
  const make = (init: SenderWorldInit = {}) => {
    const { sender } = senderOver([chain.url], init)
    senders.push(sender)
    return sender
  }
  const mined = (sent: Sent) => {
    assert.equal(sent.outcome, 'mined')
    return sent.outcome === 'mined' ? sent.receipt : assert.fail()
  }
  /** Sends, and resolves when a node has it. */
  const sendNow = async (sender: Sender, options: Parameters<Sender['send']>[1] = {}) => {
    const sent = Promise.withResolvers<string>()
    const hashes: string[] = []
    const onSent = (hash: string) => {
      hashes.push(hash)
      sent.resolve(hash)
    }
    const outcome = sender.send(increment, { ...options, onSent })
    outcome.catch(sent.reject)
    return { hash: await sent.promise, hashes, outcome }
  }
  const pooled = async (hash: string) => (await rpc('eth_getTransactionByHash', hash)) !== null
  const until = async (holds: () => boolean | Promise<boolean>) => {
    while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 10))
  }

  it('sends one after the other, each with its own nonce', async () => {
    const sender = make()
    const receipts = (await Promise.all(Array.from({ length: 5 }, () => sender.send(increment)))).map(mined)
    assert.equal(await counted(chain.url), 5)
    assert.equal(new Set(receipts.map(({ hash }) => hash)).size, 5)
  })

  it('does nothing where the effect is there already, and when another brings it about in between', async () => {
    const sender = make()
    assert.deepEqual(await sender.send(increment, { isDone: async () => true }), { outcome: 'already-done' })
    let asked = 0
    assert.deepEqual(await sender.send(refused, { isDone: async () => ++asked > 1 }), { outcome: 'already-done' })
    assert.equal(await counted(chain.url), 0)
  })

  it('tells the contract’s reason with its facts before any gas is paid', async () => {
    const sender = make()
    await assert.rejects(sender.send(refused), (error) => {
      assert.ok(error instanceof CallRevertedError)
      assert.deepEqual([error.call, error.error, error.facts, error.exitCode], ['refused', 'Refused', { code: 7n }, 1])
      return true
    })
    assert.equal(BigInt((await rpc('eth_getTransactionCount', sender.address, 'latest')) as string), 0n)
  })

  it('tells the reason of a call that is refused only in its block', async () => {
    await rpc('evm_setAutomine', false)
    const { outcome } = await sendNow(make())
    await rpc('anvil_setCode', increment.to, '0x5f5ffd')
    await rpc('evm_mine')
    await assert.rejects(outcome, CallRevertedError)
    await setCounter(chain.url)
  })

  it('refuses a wallet without gas money, and tells how much it lacks', async () => {
    const sender = make({ account: 1 })
    await rpc('anvil_setBalance', sender.address, '0x5')
    await assert.rejects(sender.send(increment), (error) => {
      assert.ok(error instanceof InsufficientGasMoneyError)
      assert.deepEqual([error.exitCode, error.wallet, error.foundWei], [6, sender.address, 5n])
      return (error.neededWei ?? 0n) > 5n
    })
  })

  it('sends again what the pool dropped', async () => {
    await rpc('evm_setAutomine', false)
    const { hash, outcome } = await sendNow(make({ stuckAfterMs: 60_000 }))
    await until(() => pooled(hash))
    await rpc('anvil_dropTransaction', hash)
    await until(() => pooled(hash))
    await rpc('evm_mine')
    assert.equal(mined(await outcome).hash, hash)
    assert.equal(await counted(chain.url), 1)
  })

  it('offers more for what is stuck, with one effect', async () => {
    await rpc('evm_setAutomine', false)
    const { hash, hashes, outcome } = await sendNow(make({ stuckAfterMs: 100 }))
    await until(() => hashes.length >= 3)
    await rpc('evm_mine')
    assert.notEqual(mined(await outcome).hash, hash)
    await rpc('evm_mine')
    assert.equal(await counted(chain.url), 1)
  })

  it('offers more at once when the base fee rises above its offer', async () => {
    await rpc('evm_setAutomine', false)
    const { hash, outcome } = await sendNow(make({ stuckAfterMs: 60_000 }))
    await until(() => pooled(hash))
    await rpc('anvil_setNextBlockBaseFeePerGas', `0x${(100n * GWEI).toString(16)}`)
    await rpc('evm_mine')
    assert.equal(await counted(chain.url), 0)
    await rpc('evm_setAutomine', true)
    const { hash: last, gasPriceWei } = mined(await outcome)
    assert.notEqual(last, hash)
    assert.ok(gasPriceWei > 50n * GWEI)
    assert.equal(await counted(chain.url), 1)
  })

  it('waits while the chain asks for more than the cap, and says so in the end', async () => {
    await rpc('anvil_setNextBlockBaseFeePerGas', `0x${(800n * GWEI).toString(16)}`)
    await rpc('evm_mine')
    await assert.rejects(make({ giveUpMs: 2_000 }).send(increment), (error) => {
      assert.ok(error instanceof FeeAboveCapError)
      return error.capWei === 500n * GWEI
    })
    const patient = make().send(increment)
    await rpc('anvil_setNextBlockBaseFeePerGas', `0x${GWEI.toString(16)}`)
    await rpc('evm_mine')
    mined(await patient)
  })

  it('replaces what an earlier run left stuck in the pool, and fills the gap before it', async () => {
    await rpc('evm_setAutomine', false)
    const first = make({ stuckAfterMs: 60_000 })
    const { hash, outcome } = await sendNow(first)
    await until(() => pooled(hash))
    const stopped = assert.rejects(outcome, ChainStoppedError)
    await first.stop()
    await stopped
    const second = make({ stuckAfterMs: 100 })
    const sent = await sendNow(second)
    await until(async () => !(await pooled(hash)))
    await rpc('evm_mine')
    mined(await sent.outcome)
    assert.equal(await counted(chain.url), 1)
  })

  /** Sends, and has another process of the wallet take the nonce. */
  const overtake = async (options: Parameters<Sender['send']>[1] = {}) => {
    await rpc('evm_setAutomine', false)
    const { hash, outcome } = await sendNow(make({ stuckAfterMs: 60_000 }), options)
    await until(() => pooled(hash))
    const [from] = (await rpc('eth_accounts')) as string[]
    const dear = { maxFeePerGas: `0x${(400n * GWEI).toString(16)}`, maxPriorityFeePerGas: `0x${(100n * GWEI).toString(16)}` }
    await rpc('eth_sendTransaction', { from, to: from, nonce: '0x0', gas: '0x5208', ...dear })
    await rpc('evm_setAutomine', true)
    await rpc('evm_mine')
    return { hash, outcome }
  }

  it('takes another nonce where another process of the wallet took this one, for what can be seen to be undone', async () => {
    const { outcome } = await overtake({ isDone: async () => (await counted(chain.url)) > 0 })
    mined(await outcome)
    assert.equal(await counted(chain.url), 1)
  })

  it('sends nothing again where another process took the nonce, for what cannot be seen', async () => {
    const { hash, outcome } = await overtake()
    await assert.rejects(outcome, (error) => error instanceof TransactionUnconfirmedError && error.hash === hash && error.nonce === 0)
    await rpc('evm_mine')
    assert.equal(await counted(chain.url), 0)
  })

  it('recognises its own transaction late: a dearer version, one after a reorganisation, one whose receipt comes after it was given up', async (t) => {
    const late = await startProxy(() => chain.url)
    t.after(() => late.close())
    const over = (init: SenderWorldInit = {}) => {
      const { sender } = senderOver([late.url], init)
      senders.push(sender)
      return sender
    }
    late.behave(lateReceipts(200))
    await rpc('evm_setAutomine', false)
    const { hashes, outcome } = await sendNow(over({ stuckAfterMs: 100 }))
    await until(() => hashes.length >= 3)
    await rpc('evm_mine')
    assert.ok(hashes.includes(mined(await outcome).hash))
    assert.equal(await counted(chain.url), 1)

    await rpc('evm_setAutomine', true)
    const second = await sendNow(over({ confirmations: 2 }))
    await until(async () => (await counted(chain.url)) === 2)
    await rpc('anvil_reorg', 1, [])
    await until(async () => (await counted(chain.url)) === 2)
    await rpc('evm_mine')
    assert.equal(mined(await second.outcome).hash, second.hash)
    assert.equal(await counted(chain.url), 2)

    late.behave(forgetful)
    // Its state is as late as its receipts, and both are there when it is asked for the second time.
    let asked = 0
    const isDone = async () => {
      if (++asked > 1) late.behave(honest)
      return false
    }
    const third = await sendNow(over(), { isDone })
    assert.equal(mined(await third.outcome).hash, third.hash)
    assert.equal(await counted(chain.url), 3)
  })

  it('asks for its confirmations, and sends again what a reorganisation took, before and after they were there', async () => {
    const sender = make({ confirmations: 2 })
    const { hash, outcome } = await sendNow(sender)
    await until(async () => (await counted(chain.url)) === 1)
    await rpc('anvil_reorg', 1, [])
    await until(async () => (await counted(chain.url)) === 1)
    await rpc('evm_mine')
    assert.equal(mined(await outcome).hash, hash)
    await rpc('anvil_reorg', 3, [])
    await until(async () => (await counted(chain.url)) === 1)
    await rpc('anvil_mine', '0x3')
    assert.equal(await counted(chain.url), 1)
  })

  it('survives a chain that is killed with -9 and goes on from an older state', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'minga-sender-'))
    const statePath = join(directory, 'state.json')
    const mortal = await anvil()
    await setCounter(mortal.url)
    await call(mortal.url, 'evm_mine')
    const packed = Buffer.from(String(await call(mortal.url, 'anvil_dumpState')).slice(2), 'hex')
    await writeFile(statePath, gunzipSync(packed))
    const { sender } = senderOver([mortal.url], { account: 2 })
    senders.push(sender)
    mined(await sender.send(increment))
    assert.equal(await counted(mortal.url), 1)

    process.kill(mortal.pid, 'SIGKILL')
    await mortal.ended
    const meanwhile = sender.send(increment)
    const again = await anvil({ port: mortal.port, loadState: statePath })
    mined(await meanwhile)
    await until(async () => (await counted(again.url)) === 2)
    await again.stop()
    await rm(directory, { recursive: true })
  })

  it('tells who waits that a transaction is pending, and follows it up', async () => {
    await rpc('evm_setAutomine', false)
    const sender = make({ giveUpMs: 2_000, stuckAfterMs: 60_000 })
    const { hash, outcome } = await sendNow(sender)
    await assert.rejects(outcome, (error) => error instanceof TransactionPendingError && error.hash === hash)
    await rpc('anvil_dropTransaction', hash)
    await until(() => pooled(hash))
    await rpc('evm_mine')
    assert.equal(await counted(chain.url), 1)
  })

  it('sends nothing for who has given up before, and stops with everything answered', async () => {
    await rpc('evm_setAutomine', false)
    const sender = make({ stuckAfterMs: 60_000 })
    const first = await sendNow(sender)
    const leaving = new AbortController()
    const second = sender.send(increment, { signal: leaving.signal })
    const third = sender.send(increment)
    leaving.abort(new Error('left'))
    await assert.rejects(second, /left/)
    const ends = [assert.rejects(first.outcome, ChainStoppedError), assert.rejects(third, ChainStoppedError)]
    await sender.stop()
    await Promise.all(ends)
    await assert.rejects(sender.send(increment), ChainStoppedError)
    await rpc('evm_mine')
    assert.equal(await counted(chain.url), 1)
  })
})
