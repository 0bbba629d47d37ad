import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { WalletStake } from '../../src/ports.ts'
import { createStakeBook, stakeStateOf } from '../../src/roles/escrow-stakes.ts'

const TERMS = { minBondWei: 100n, deadline: 5000 }
const stake = (bondWei: bigint, leavingWei = 0n, releaseAt = 0): WalletStake => ({ bondWei, leavingWei, releaseAt })

describe('a bond', () => {
  it('stands where it is as large as the Job asks for', () => {
    assert.equal(stakeStateOf(stake(100n), TERMS), 'bonded')
    assert.equal(stakeStateOf(stake(100n, 900n, 9000), TERMS), 'bonded')
  })

  it('that is asked back can be taken until its release', () => {
    assert.equal(stakeStateOf(stake(0n, 100n, 5001), TERMS), 'leaving')
    assert.equal(stakeStateOf(stake(40n, 60n, 5001), TERMS), 'leaving')
    assert.equal(stakeStateOf(stake(0n, 100n, 5000), TERMS), 'gone', 'free before the Job is over')
  })

  it('is gone where too little is left', () => {
    assert.equal(stakeStateOf(stake(0n), TERMS), 'gone')
    assert.equal(stakeStateOf(stake(39n, 60n, 5001), TERMS), 'gone')
  })
})

describe('what is known of stakes', () => {
  function bookOf(stakes: Record<string, WalletStake>) {
    const asked: string[] = []
    let nowMs = 0
    const chain = {
      async stake(wallet: string) {
        asked.push(wallet)
        return stakes[wallet] ?? stake(0n)
      },
    }
    const clock = { nowMs: () => nowMs, sleep: async () => {} }
    const wait = (ms: number) => {
      nowMs += ms
    }
    const book = createStakeBook({ chain, clock }, TERMS)
    return { book, asked: () => asked.splice(0), wait }
  }

  it('is read once for each wallet, however it is written, and again when an event names it', async () => {
    const stakes = { '0xa': stake(100n), '0xb': stake(0n) }
    const { book, asked } = bookOf(stakes)
    assert.deepEqual(Object.fromEntries(await book.read(['0xA', '0xb', '0xB'], {})), { '0xa': 'bonded', '0xb': 'gone' })
    assert.deepEqual(asked(), ['0xa', '0xb'])
    await book.read(['0xa', '0xb'], {})
    assert.deepEqual(asked(), [])
    stakes['0xa'] = stake(99n)
    book.doubt('0xA')
    assert.deepEqual([...(await book.read(['0xa', '0xb'], {}))].sort(), [
      ['0xa', 'gone'],
      ['0xb', 'gone'],
    ])
    assert.deepEqual(asked(), ['0xa'])
    book.doubt()
    await book.read(['0xa', '0xb'], {})
    assert.deepEqual(asked(), ['0xa', '0xb'])
  })

  it('is read again after ten minutes, lest an event was missed', async () => {
    const { book, asked, wait } = bookOf({ '0xa': stake(100n) })
    await book.read(['0xa'], {})
    asked()
    wait(599_999)
    await book.read(['0xa'], {})
    assert.deepEqual(asked(), [])
    wait(1)
    await book.read(['0xa'], {})
    assert.deepEqual(asked(), ['0xa'])
  })

  it('is doubted where the stake moves while it is read', async () => {
    const { book, asked } = bookOf({ '0xa': stake(100n) })
    const reading = book.read(['0xa'], {})
    book.doubt('0xa')
    await reading
    asked()
    await book.read(['0xa'], {})
    assert.deepEqual(asked(), ['0xa'])
  })
})
