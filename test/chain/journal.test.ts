/** What a process has sent and not seen the end of is gone on with by the next that wants the same. */
import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, describe, it } from 'node:test'
import type { Anvil } from '../../src/chain/devnet/anvil.ts'
import { ChainStoppedError, JournalUnreadableError, TransactionPendingError } from '../../src/chain/errors.ts'
import { createFileJournal } from '../../src/chain/journal-node.ts'
import type { Sender, SendOptions } from '../../src/chain/sender/sender.ts'
import { anvil, CHAIN_ID, call, counted, setCounter } from './support/anvil.ts'
import { lateReceipts, refusing } from './support/lagging.ts'
import { type Endpoint, honest, startProxy } from './support/proxy.ts'
import { increment, type SenderWorldInit, senderOver } from './support/sender.ts'

describe('a wallet’s journal', () => {
  let chain: Anvil
  let proxy: Endpoint
  let directory: string
  let snapshot: unknown
  const senders: Sender[] = []
  before(async () => {
    chain = await anvil()
    proxy = await startProxy(() => chain.url)
    directory = await mkdtemp(join(tmpdir(), 'minga-journal-'))
    await setCounter(chain.url)
    snapshot = await rpc('evm_snapshot')
  })
  afterEach(async () => {
    for (const sender of senders.splice(0)) await sender.stop()
    proxy.behave(honest)
    await rpc('evm_revert', snapshot)
    await rpc('evm_setAutomine', true)
    await rpc('anvil_dropAllTransactions')
    snapshot = await rpc('evm_snapshot')
    for (const name of await readdir(directory)) await rm(join(directory, name))
  })
  after(async () => {
    await proxy.close()
    await chain.stop()
    await rm(directory, { recursive: true })
  })

  const rpc = (method: string, ...params: unknown[]) => call(chain.url, method, ...params)
  /** A process of the wallet that has not run yet. */
  const make = (init: SenderWorldInit = {}) => {
    const journal = (wallet: string) => createFileJournal({ directory, chainId: CHAIN_ID, wallet })
    const { sender } = senderOver([proxy.url], { stuckAfterMs: 60_000, ...init, journal })
    senders.push(sender)
    return sender
  }
  /** The same wish with other data each time, as permits are. */
  let salt = 0
  const wish = (intent: string) => ({ ...increment, data: async () => `0x${(++salt).toString(16).padStart(64, '0')}`, intent })
  const sendNow = async (sender: Sender, intent: string, options: SendOptions = {}) => {
    const sent = Promise.withResolvers<string>()
    const outcome = sender.send(wish(intent), { ...options, onSent: sent.resolve })
    outcome.catch(sent.reject)
    return { hash: await sent.promise, outcome }
  }
  const mined = async (outcome: ReturnType<Sender['send']>) => {
    const sent = await outcome
    return sent.outcome === 'mined' ? sent.receipt.hash : assert.fail('expected a transaction')
  }
  /** Sends, and ends the process before there is a receipt. */
  const cutOff = async (intent: string): Promise<string> => {
    const sender = make()
    const { hash, outcome } = await sendNow(sender, intent)
    const stopped = assert.rejects(outcome, ChainStoppedError)
    await sender.stop()
    await stopped
    return hash
  }

  it('holds nothing of what ended well', async () => {
    const sender = make()
    await mined(sender.send(wish('40')))
    await mined(sender.send(wish('40')))
    assert.equal(await counted(chain.url), 2)
    assert.deepEqual(await readdir(directory), [])
  })

  it('goes on with what waits in the pool', async () => {
    await rpc('evm_setAutomine', false)
    const hash = await cutOff('40')
    assert.deepEqual((await readdir(directory)).length, 1)
    const again = await sendNow(make(), '40')
    assert.equal(again.hash, hash)
    await rpc('evm_mine')
    assert.equal(await mined(again.outcome), hash)
    await rpc('evm_mine')
    assert.equal(await counted(chain.url), 1)
    assert.deepEqual(await readdir(directory), [])
  })

  it('tells of what went into a block meanwhile, with its receipt late as well', async () => {
    proxy.behave(lateReceipts(400))
    const hash = await cutOff('40')
    assert.equal(await mined(make().send(wish('40'))), hash)
    assert.equal(await counted(chain.url), 1)
    // Whoever has heard of it means another one.
    await mined(make().send(wish('40')))
    assert.equal(await counted(chain.url), 2)
  })

  it('goes on with a dearer version', async () => {
    await rpc('evm_setAutomine', false)
    const hashes: string[] = []
    const first = make({ stuckAfterMs: 50 })
    const enough = Promise.withResolvers<void>()
    const onSent = (hash: string) => {
      if (hashes.push(hash) === 3) enough.resolve()
    }
    const stopped = assert.rejects(first.send(wish('40'), { onSent }), ChainStoppedError)
    await enough.promise
    await first.stop()
    await stopped
    await rpc('evm_mine')
    assert.ok(hashes.includes(await mined(make().send(wish('40')))))
    assert.equal(await counted(chain.url), 1)
  })

  it('lets something else go after it, and both have their effect', async () => {
    await rpc('evm_setAutomine', false)
    const first = await cutOff('40')
    const sender = make()
    const second = sender.send(wish('10'))
    await rpc('evm_setAutomine', true)
    await rpc('evm_mine')
    assert.notEqual(await mined(second), first)
    assert.equal(await counted(chain.url), 2)
    assert.deepEqual(await readdir(directory), [])
  })

  it('keeps two wishes of one process apart, and one whose caller has given up for whoever asks again', async () => {
    const sender = make({ giveUpMs: 2_000 })
    const both = await Promise.all([sender.send(wish('40')), sender.send(wish('40'))].map(mined))
    assert.equal(new Set(both).size, 2)
    await rpc('evm_setAutomine', false)
    const third = await sendNow(sender, '40')
    await assert.rejects(third.outcome, (error) => error instanceof TransactionPendingError && /again is harmless/.test(String(error.hint)))
    await rpc('evm_setAutomine', true)
    await rpc('evm_mine')
    assert.equal(await mined(sender.send(wish('40'))), third.hash)
    assert.equal(await counted(chain.url), 3)
  })

  it('sends nothing of a development chain that began anew', async () => {
    for (let nonce = 0; nonce < 3; nonce++) await mined(make().send(wish('1')))
    await rpc('evm_setAutomine', false)
    await cutOff('40')
    for (const sender of senders) await sender.stop()
    await rpc('anvil_dropAllTransactions')
    await rpc('evm_revert', snapshot)
    snapshot = await rpc('evm_snapshot')
    await rpc('evm_setAutomine', true)
    await mined(make().send(wish('40')))
    assert.equal(await counted(chain.url), 1)
  })

  it('signs nothing where what was left cannot be read', async () => {
    await rpc('evm_setAutomine', false)
    await cutOff('40')
    const [kept] = await readdir(directory)
    await writeFile(join(directory, kept!), '{')
    await rpc('evm_setAutomine', true)
    await assert.rejects(make().send(wish('40')), JournalUnreadableError)
    await assert.rejects(make().send(wish('10')), JournalUnreadableError)
  })

  it('goes on with what a node refuses to take again, and signs no second one', async () => {
    await rpc('evm_setAutomine', false)
    const hash = await cutOff('40')
    proxy.behave(refusing('txpool is full'))
    const again = make()
    const outcome = again.send(wish('40'))
    await rpc('evm_mine')
    assert.equal(await mined(outcome), hash)
    assert.equal(await counted(chain.url), 1)
  })
})
