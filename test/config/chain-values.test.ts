import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { address, gasPrice, httpUrl, whole } from '../../src/config/values.ts'

const at = { base: '/', home: '/' }

describe('values of the chain’s settings', () => {
  it('reads gas prices in gwei and wei, and writes them so that they can be read', () => {
    assert.equal(gasPrice.parse('300gwei', at), 300_000_000_000n)
    assert.equal(gasPrice.parse('7 wei', at), 7n)
    assert.equal(gasPrice.parse(12, at), 12n)
    for (const wei of [1n, 300_000_000_000n]) assert.equal(gasPrice.parse(gasPrice.format(wei), at), wei)
    for (const wrong of ['', '-1', '1.5gwei', '1 ether', null, {}]) assert.equal(gasPrice.parse(wrong, at), undefined)
  })

  it('takes endpoints by http and https alone, and shows none of their keys', () => {
    assert.equal(httpUrl.parse('https://rpc.example/v3/secret', at), 'https://rpc.example/v3/secret')
    for (const url of ['https://user:secret@rpc.example', 'https://rpc.example/v3/secret', 'https://rpc.example/?key=secret'])
      for (const shown of [httpUrl.format(url), httpUrl.shown?.(url), httpUrl.showFound?.(url)])
        assert.equal(shown, 'https://rpc.example/…')
    assert.equal(httpUrl.format('http://127.0.0.1:8545/'), 'http://127.0.0.1:8545')
    assert.equal(httpUrl.showFound?.('rpc.example/v3/secret'), '…')
    for (const wrong of ['ws://a.example', 'file:///etc/passwd', 'rpc.example', '', 5]) assert.equal(httpUrl.parse(wrong, at), undefined)
  })

  it('takes addresses and whole numbers within their bounds', () => {
    assert.ok(address.parse(`0x${'a1'.repeat(20)}`, at))
    assert.equal(address.parse(`0x${'a1'.repeat(19)}`, at), undefined)
    assert.deepEqual(
      ['1', 10, '11', '0', '1.5', -3, '', null].map((found) => whole(1, 10).parse(found, at)),
      [1, 10, undefined, undefined, undefined, undefined, undefined, undefined],
    )
  })
})
