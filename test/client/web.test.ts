import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ClientSettingsError } from '../../src/client/errors.ts'
import { type CreateClientInit, createClient } from '../../src/client/web.ts'

const methods = ['rules', 'job', 'open', 'cancel', 'head', 'events', 'nextAttempt', 'attempt', 'settled', 'stake', 'stop']
const chain = Object.fromEntries(methods.map((name) => [name, () => {}]))

describe('createClient', () => {
  it('tells all that is wrong with what it is given, at once', async () => {
    const problemsOf = async (init: unknown) => {
      const error = await createClient(init as CreateClientInit).then(
        () => assert.fail('it was made'),
        (reason: unknown) => reason,
      )
      assert.ok(error instanceof ClientSettingsError, String(error))
      return error.problems.map(({ path, message }) => `${path}: ${message}`)
    }
    assert.deepEqual(await problemsOf(undefined), [': missing, expected an object'])
    assert.deepEqual(await problemsOf({}), ['bootstrap: missing, expected a list'])
    assert.deepEqual(await problemsOf({ bootstrap: [7], walletKey: '0x12', privatekey: 1 }), [
      'bootstrap.0: expected a text, found 7',
      // Never the key itself.
      'walletKey: expected a Uint8Array of 32 bytes, found "string"',
      ': unknown "privatekey"',
    ])
    assert.match((await problemsOf({ bootstrap: ['/…'], privateKey: new Uint8Array(31) })).join(), /found "31 bytes"/)
    // 0, the order of the group, and what is above it.
    const order = Uint8Array.from(Buffer.from('fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141', 'hex'))
    for (const walletKey of [new Uint8Array(32), order, new Uint8Array(32).fill(255)])
      assert.deepEqual(await problemsOf({ bootstrap: ['/…'], walletKey }), [
        'walletKey: expected a secret of secp256k1, from 1 to below the order of its group, found "32 bytes of another value"',
      ])
    assert.deepEqual(await problemsOf({ bootstrap: ['/…'], chain: { ...chain, open: 7, stop: undefined }, logger: {} }), [
      'chain: expected a chain as connectChain gives it, found "an object without open, stop"',
      'logger: expected a logger, found "an object without error, warn, info, debug, child"',
    ])
    assert.deepEqual(await problemsOf({ bootstrap: ['/…'], chain: 'anvil', timeoutMs: 2 ** 31 }), [
      'chain: expected a chain as connectChain gives it, found "anvil"',
      'timeoutMs: expected at most 2147483647, found 2147483648',
    ])
    assert.deepEqual(await problemsOf({ bootstrap: [] }), ['bootstrap: expected at least 1 item, found 0'])
  })

  it('says why no bootstrap node was reached, where the runtime itself gives no reason', async () => {
    // The discard port: nothing listens there.
    const address = '/ip4/127.0.0.1/tcp/9/ws/p2p/12D3KooWGRUaaVFJYxV1nGe3ZQyHNbVQ1kcy8ER5nHnBHLZhbbXm'
    await assert.rejects(createClient({ bootstrap: [address] }), {
      name: 'BootstrapUnreachableError',
      message: `Expected one of 1 bootstrap nodes to answer, found none: ${address} (no WebSocket answers there).`,
    })
  })
})
