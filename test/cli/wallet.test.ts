/** Whose money a wallet command moves: the peer's, or with `--client`, wherever it stands, that of the machine's clients. */
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Chain, WalletBalances } from '../../src/ports.ts'
import { BUDGET, startWorld, TOKEN, terms, type World } from '../chain/support/world.ts'
import { minga } from './run.ts'

/** Wallets of the devnet. */
const PEER = 1
const CLIENT = 2

let world: World
let directory: string
const chains: Chain[] = []

before(async () => {
  world = await startWorld()
  directory = await mkdtemp(join(tmpdir(), 'minga-wallet-'))
  await mkdir(join(directory, 'client'))
  for (const [index, path] of [
    [PEER, 'wallet.key'],
    [CLIENT, 'client/wallet.key'],
  ] as const) {
    await writeFile(join(directory, path), world.devnet.chain.development!.wallets[index]!.key, { mode: 0o600 })
    chains.push(await world.open(index))
  }
})
after(async () => {
  await world.stop()
  await rm(directory, { recursive: true })
})

const wallet = async (...args: string[]) => {
  const ended = await minga([...args, '--json', '--data-dir', directory, '--chain-file', world.devnet.chainFile])
  assert.equal(ended.code, 0, `${args.join(' ')}: ${ended.stderr}`)
  return JSON.parse(ended.stdout) as Record<keyof WalletBalances, string>
}

type Money = Omit<WalletBalances, 'wallet' | 'gasWei' | 'releaseAt'>
const moneyOf = async () =>
  Promise.all(
    chains.map(async (chain): Promise<Money> => (({ wallet: _w, gasWei: _g, releaseAt: _r, ...money }) => money)(await chain.balances())),
  )

/** What the command changed of the peer's money, and of the client's. */
async function changedBy(...args: string[]): Promise<Partial<Money>[]> {
  const earlier = await moneyOf()
  await wallet(...args)
  const later = await moneyOf()
  return later.map((money, whose) => {
    const names = Object.keys(money) as (keyof Money)[]
    return Object.fromEntries(
      names.map((name) => [name, money[name] - earlier[whose]![name]] as const).filter(([, change]) => change !== 0n),
    )
  })
}

/** Where the flag may stand. */
const spellings = (name: string, ...args: string[]): string[][] => [
  ['wallet', name, ...args, '--client'],
  ['wallet', '--client', name, ...args],
  ['wallet', name, '--client', ...args],
  ['--no-color', 'wallet', '--client', '--chain-poll', '100ms', name, ...args],
]

/** Both wallets have the price of a Job as credit, that was called off. */
async function giveCredit(): Promise<void> {
  for (const chain of chains) {
    const job = terms()
    await chain.open(job)
    await chain.cancel(chain.escrowIdOf(chain.wallet, job.jobId))
  }
}

describe('minga wallet', () => {
  it('shows the one or the other', async () => {
    const [peer, client] = chains.map((chain) => chain.wallet)
    assert.equal((await wallet('wallet')).wallet, peer)
    assert.equal((await wallet('wallet', '--client')).wallet, client)
  })

  it('bonds, and asks back, what the peer has, without the flag', async () => {
    assert.deepEqual(await changedBy('wallet', 'bond', '30'), [{ tokenWei: -30n * TOKEN, bondWei: 30n * TOKEN }, {}])
    assert.deepEqual(await changedBy('wallet', 'unbond', '10'), [{ bondWei: -10n * TOKEN, leavingWei: 10n * TOKEN }, {}])
  })

  for (const args of spellings('bond', '7')) {
    it(`bonds from the client's: minga ${args.join(' ')}`, async () => {
      assert.deepEqual(await changedBy(...args), [{}, { tokenWei: -7n * TOKEN, bondWei: 7n * TOKEN }])
    })
  }

  for (const args of spellings('unbond', '3')) {
    it(`asks back what the client's has: minga ${args.join(' ')}`, async () => {
      assert.deepEqual(await changedBy(...args), [{}, { bondWei: -3n * TOKEN, leavingWei: 3n * TOKEN }])
    })
  }

  for (const args of spellings('withdraw').toSpliced(2, 1)) {
    it(`withdraws what the client's has: minga ${args.join(' ')}`, async () => {
      await giveCredit()
      assert.deepEqual(await changedBy(...args), [{}, { creditWei: -BUDGET, tokenWei: BUDGET }])
    })
  }

  it('withdraws what the peer has, without the flag, and frees its bond in time, not the other', async () => {
    const [{ creditWei }] = (await moneyOf()) as [Money, Money]
    assert.deepEqual(await changedBy('wallet', 'withdraw'), [{ creditWei: -creditWei, tokenWei: creditWei }, {}])
    await world.rpc('evm_increaseTime', 60 * 86_400)
    await world.rpc('evm_mine')
    assert.deepEqual(await changedBy('wallet', 'unbond', '--client'), [{}, { leavingWei: -12n * TOKEN, creditWei: 12n * TOKEN }])
    assert.deepEqual(await changedBy('wallet', 'unbond'), [{ leavingWei: -10n * TOKEN, creditWei: 10n * TOKEN }, {}])
  })
})
