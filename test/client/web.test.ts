import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createClient } from '../../src/client/web.ts'

describe('createClient', () => {
  it('says why no bootstrap node was reached, where the runtime itself gives no reason', async () => {
    // The discard port: nothing listens there.
    const address = '/ip4/127.0.0.1/tcp/9/ws/p2p/12D3KooWGRUaaVFJYxV1nGe3ZQyHNbVQ1kcy8ER5nHnBHLZhbbXm'
    await assert.rejects(createClient({ bootstrap: [address] }), {
      name: 'BootstrapUnreachableError',
      message: `Expected one of 1 bootstrap nodes to answer, found none: ${address} (no WebSocket answers there).`,
    })
  })
})
