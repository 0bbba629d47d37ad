import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { ChainFileError, NoChainError } from '../../src/chain/errors.ts'
import { type ChainSettings, resolveChain } from '../../src/chain/settings-node.ts'

const ESCROW = '0x5FC8d32690cc91D4c39d9d3abcBD16989F875707'
const TOKEN = '0x5FbDB2315678afecb367f032d93F642f64180aa3'
const HASH = `0x${'ab'.repeat(32)}`

const file = {
  format: 'minga-chain/1',
  chainId: 31337,
  rpc: ['http://127.0.0.1:8545'],
  escrow: ESCROW,
  token: TOKEN,
  deployedAt: 6,
  verifiers: { '4x4': { verifier: TOKEN, verificationKeyHash: HASH } },
}

const unset: ChainSettings = {
  file: undefined,
  rpc: [],
  id: undefined,
  escrow: undefined,
  token: undefined,
  maxFee: 5n,
  confirmations: undefined,
  pollMs: undefined,
  giveUpMs: 7,
}

describe('the chain of the settings', () => {
  let directory: string
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'minga-chain-file-'))
  })
  after(() => rm(directory, { recursive: true }))

  const resolved = async (value: unknown, settings: Partial<ChainSettings> = {}) => {
    const path = join(directory, 'chain.json')
    await writeFile(path, typeof value === 'string' ? value : JSON.stringify(value))
    return resolveChain({ ...unset, ...settings, file: path }, { rpcMs: 9 })
  }

  it('is the file’s, with what follows from a development chain', async () => {
    const chain = await resolved(file)
    assert.deepEqual([chain.rpcUrls, chain.chainId, chain.escrow, chain.token], [file.rpc, 31337, ESCROW, TOKEN])
    assert.deepEqual([chain.deployedAt, chain.verificationKeys], [6, { '4x4': HASH }])
    assert.deepEqual([chain.confirmations, chain.pollingIntervalMs, chain.timeoutMs, chain.fees.capWei, chain.giveUpMs], [1, 250, 9, 5n, 7])
  })

  it('is what a setting says before what the file does, and patient where blocks are slow', async () => {
    const chain = await resolved(file, { rpc: ['https://a.example', 'https://b.example'], id: 1, escrow: TOKEN, confirmations: 12 })
    assert.deepEqual([chain.rpcUrls.length, chain.chainId, chain.escrow, chain.confirmations], [2, 1, TOKEN, 12])
    assert.equal(chain.pollingIntervalMs, 4_000)
  })

  it('is missed with all its parts by name', async () => {
    await assert.rejects(resolveChain({ ...unset, id: 5 }, { rpcMs: 9 }), (error) => {
      assert.ok(error instanceof NoChainError)
      assert.deepEqual(error.missing, ['chain.rpc', 'chain.escrow', 'chain.token'])
      return error.exitCode === 2
    })
  })

  const broken: readonly (readonly [string, unknown, RegExp])[] = [
    ['no JSON', '{', /JSON/],
    ['another format', { ...file, format: 'minga-chain/2' }, /format/],
    ['an address with a wrong checksum', { ...file, escrow: ESCROW.replace('FC8d', 'fC8d') }, /escrow: expected an address/],
    ['no endpoint', { ...file, rpc: [] }, /rpc/],
    ['a field of nobody’s', { ...file, owner: 1 }, /owner/],
    ['a list', [], /the file/],
    [
      'an endpoint alone, without showing its key',
      { ...file, rpc: 'https://a.example/key-1234' },
      /rpc: expected a list, found "https:\/\/a\.example\/…"/,
    ],
  ]
  for (const [what, value, words] of broken) {
    it(`refuses ${what}`, () => assert.rejects(resolved(value), (error) => error instanceof ChainFileError && words.test(error.message)))
  }

  it('names a file that is not there', () =>
    assert.rejects(resolveChain({ ...unset, file: join(directory, 'none.json') }, { rpcMs: 9 }), /found nothing there/))
})
