import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { poseidon16 } from 'poseidon-lite/poseidon16'
import { FIELD_ORDER } from '../../../src/job/field.ts'
import { InvalidChunkError } from '../../../src/job/settlement/errors.ts'
import { blockElement, elementsOf, fieldToWallet, leafOf, walletToField, wideHash } from '../../../src/job/settlement/hashes.ts'
import { permute } from '../../../src/job/settlement/permutation.ts'

const element = fc.bigInt({ min: 0n, max: FIELD_ORDER - 1n })
const wallet = fc.bigInt({ min: 0n, max: 2n ** 160n - 1n })

describe('the permutation of width 17', () => {
  it('is poseidon-lite’s where the capacity is 0: the constants that Grain draws are the tables’', () => {
    const words = fc.array(element, { minLength: 16, maxLength: 16 })
    fc.assert(
      fc.property(words, (list) => permute(0n, list) === poseidon16(list)),
      { numRuns: 5 },
    )
  })

  it('gives another word for another capacity, and takes 16 words', () => {
    const words = new Array<bigint>(16).fill(1n)
    assert.notEqual(permute(1n, words), permute(0n, words))
    assert.throws(() => permute(0n, [1n]), RangeError)
  })
})

describe('a leaf', () => {
  const elements = elementsOf(new Uint8Array(32), [new Uint8Array(32).fill(7)])

  it('belongs to one wallet: the commit that another copies is not its own', () => {
    fc.assert(
      fc.property(wallet, wallet, (mine, other) => mine === other || leafOf(mine, elements) !== leafOf(other, elements)),
      { numRuns: 5 },
    )
  })

  it('is never what a wide hash of the same elements is: no wallet starts where a hash starts', () => {
    assert.notEqual(leafOf(16n, elements), wideHash(elements))
  })

  it('has an element for each block, and 0 for blocks that are not there', () => {
    assert.equal(elements[0], blockElement(new Uint8Array(32), new Uint8Array(32).fill(7)))
    assert.deepEqual(elements.slice(1), new Array(15).fill(0n))
    assert.notEqual(blockElement(new Uint8Array(32).fill(1), new Uint8Array(32).fill(7)), elements[0])
    assert.ok(elements.every((value) => value < 2n ** 248n))
  })

  it('refuses what is out of range, by name', () => {
    const refuses = (action: () => unknown, path: string) =>
      assert.throws(action, (error) => error instanceof InvalidChunkError && error.path === path)
    refuses(() => leafOf(2n ** 160n, elements), 'wallet')
    refuses(() => leafOf(-1n, elements), 'wallet')
    refuses(() => leafOf(1n, elements.with(3, FIELD_ORDER)), 'elements.3')
    refuses(() => leafOf(1n, elements.slice(1)), 'elements')
    refuses(() => blockElement(new Uint8Array(31), new Uint8Array(32)), 'salt')
    refuses(() => blockElement(new Uint8Array(32), new Uint8Array(33)), 'blockHash')
    refuses(() => elementsOf(new Uint8Array(32), []), 'blockHashes')
    refuses(() => elementsOf(new Uint8Array(32), new Array(17).fill(new Uint8Array(32))), 'blockHashes')
  })
})

describe('a wide hash', () => {
  it('tells lists of different length apart, also where only zeros were added', () => {
    const hashes = [1, 15, 16, 17, 32].map((length) => wideHash(new Array<bigint>(length).fill(0n)))
    assert.equal(new Set(hashes).size, hashes.length)
  })

  it('depends on every element, in every block', () => {
    const list = Array.from({ length: 18 }, (_, i) => BigInt(i))
    const whole = wideHash(list)
    for (const i of [0, 15, 16, 17]) assert.notEqual(wideHash(list.with(i, 99n)), whole)
  })
})

describe('wallets', () => {
  it('are numbers and addresses', () => {
    fc.assert(fc.property(wallet, (value) => walletToField(fieldToWallet(value)) === value))
    assert.equal(walletToField(`0x${'Ab'.repeat(20)}`), walletToField(`0x${'aB'.repeat(20)}`))
    for (const bad of ['', '0x', `0x${'a'.repeat(39)}`, `0x${'a'.repeat(41)}`, `0x${'g'.repeat(40)}`]) {
      assert.throws(() => walletToField(bad), InvalidChunkError)
    }
  })
})
