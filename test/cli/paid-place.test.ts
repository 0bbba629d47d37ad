/** What a requester pays, and has back, whatever becomes of the process that pays. */
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Chain } from '../../src/ports.ts'
import { type Endpoint, honest, startProxy } from '../chain/support/proxy.ts'
import { startWorld, TOKEN, terms, type World } from '../chain/support/world.ts'
import { cacheDirectory } from '../compute/support.ts'
import { numbersJob } from '../e2e/support/jobs.ts'
import { type RealProcess, startProcess } from '../e2e/support/process.ts'
import { type Ended, minga } from './run.ts'

const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url))
const SHAPE = { macroJobs: 2, microJobs: 3, blocks: 4 }
/** 2 MacroJobs of 3 MicroJobs at 2 tokens, a validation at 2, a settlement at 0.5. */
const BUDGET = 17n * TOKEN

let world: World
let endpoint: Endpoint
let directory: string
let requester: Chain

before(async () => {
  world = await startWorld()
  endpoint = await startProxy(() => world.url)
  directory = await mkdtemp(join(tmpdir(), 'minga-place-'))
  requester = await world.open(8)
  const { code, slicing, params } = numbersJob(SHAPE).draft
  await writeFile(join(directory, 'job.wgsl'), code)
  await writeFile(join(directory, 'wallet.key'), world.devnet.chain.development!.wallets[8]!.key, { mode: 0o600 })
  const free = { name: 'numbers', code: 'job.wgsl', slicing, params }
  const paid = { ...free, unitPriceWei: String(2n * TOKEN), payment: { finisherPriceWei: String(TOKEN / 2n) } }
  await writeFile(join(directory, 'job.json'), JSON.stringify(paid))
})
after(async () => {
  await endpoint.close()
  await world.stop()
  await rm(directory, { recursive: true, force: true })
})

const own = () => ['--data-dir', join(directory, 'data'), '--wallet-key-file', join(directory, 'wallet.key')]
const chain = () => ['--chain-file', world.devnet.chainFile, '--chain-rpc', endpoint.url]
const job = () => join(directory, 'job.json')
const env = { MINGA_COMPUTE_DEVICE: 'software', MINGA_CACHE_DIR: cacheDirectory }
const run = (...args: string[]): Promise<Ended> => minga([...args, ...own()], { env })
/** Of `minga escrow`, which has no network. */
const escrow = (...args: string[]): Promise<Ended> =>
  minga(['escrow', ...args, '--wallet-key-file', join(directory, 'wallet.key'), '--data-dir', join(directory, 'data'), ...chain()])
const stateOf = async (jobId: string) => (await requester.job(requester.escrowIdOf(requester.wallet, jobId)))?.state

interface Priced {
  jobId: string
  price: { totalWei: string; unitPriceWei: string; macroJobs: number; microJobs: number }
}

const pricedIn = ({ log }: RealProcess) => log.find(({ type }) => type === 'job:priced') as unknown as Priced

/** Places the Job, and is killed when its payment has arrived and before it hears so. Gives the Job's id, as it was printed. */
async function killedAfterPaying({ asJson = false } = {}): Promise<string> {
  const arrived = Promise.withResolvers<void>()
  endpoint.behave(async (request, response, pass) => {
    if (request.method !== 'eth_sendRawTransaction') return honest(request, response, pass)
    await pass()
    arrived.resolve()
  })
  const placing = startProcess(CLI, ['place', job(), '--no-check', ...own(), ...chain(), ...(asJson ? ['--json'] : [])])
  try {
    await arrived.promise
  } finally {
    await placing.kill()
    endpoint.behave(honest)
  }
  const jobId = /^job\s+([0-9a-f]{62})/m.exec(placing.noise.join('\n'))?.[1] ?? pricedIn(placing).jobId
  if (asJson) {
    const { totalWei, unitPriceWei, macroJobs, microJobs } = pricedIn(placing).price
    assert.deepEqual([totalWei, unitPriceWei, macroJobs, microJobs], [String(BUDGET), String(2n * TOKEN), 2, 3])
  }
  assert.match(jobId, /^[0-9a-f]{62}$/, placing.noise.join('\n'))
  return jobId
}

describe('a Job with a price', () => {
  it('is not placed without a chain: the user hears what is missing, and nothing is kept', async () => {
    const { code, stderr } = await run('place', job(), '--no-check')
    assert.equal(code, 2)
    assert.match(stderr, /price of 2 tokens a MicroJob and no chain/)
    assert.match(stderr, /--chain-file.*leave unitPriceWei out/)
  })

  it('says before it pays what it will pay, and has it back where nobody takes the Job', async () => {
    const before = await requester.balances()
    const { code, stderr } = await run('place', job(), '--no-check', ...chain())
    assert.equal(code, 3, stderr)
    assert.match(stderr, /price +17 tokens into escrow: 6 MicroJobs at 2, 2 validations at 2, 2 MacroJobs settled at 0.5/)
    assert.match(stderr, /bond +16\.0{17}1 tokens of everyone/)
    assert.match(stderr, /deadline 20\d\d-\d\d-\d\dT/)
    const { tokenWei, creditWei } = await requester.balances()
    assert.deepEqual([before.tokenWei - tokenWei, creditWei - before.creditWei], [BUDGET, BUDGET])
    const jobs = await run('jobs', '--json')
    assert.equal(jobs.stdout, '')
  })
})

describe('a Job that the escrow would not take by its rules', () => {
  const written = async (change: object) => {
    const path = join(directory, 'refused.json')
    await writeFile(path, JSON.stringify({ ...JSON.parse(await readFile(job(), 'utf8')), ...change }))
    return path
  }

  it('is refused before anything is paid or said of its price, by its field, as it is by a dry run', async () => {
    const before = await requester.balances()
    const bond = { payment: { minBondWei: '1' } }
    const late = { deadline: (await requester.head()).timestamp + 8 * 86_400 }
    for (const [change, told] of [
      [bond, /payment\.minBondWei: expected at least 10000000000000000000, the least bond that the escrow 0x\w+ takes, found 1$/m],
      [late, /deadline: expected 20\S+ at the latest, as no Job of the escrow 0x\w+ lasts longer than 604800 s, found 20/],
    ] as const) {
      for (const flag of ['--no-check', '--dry-run']) {
        const { code, stdout, stderr } = await run('place', await written(change), flag, ...chain())
        assert.deepEqual([code, stdout], [2, ''], stderr)
        assert.match(stderr, told)
        assert.doesNotMatch(stderr, /price|minga cancel/)
      }
    }
    assert.deepEqual(await requester.balances(), before)
    assert.equal((await run('jobs', '--json')).stdout, '')
  })
})

describe('minga escrow', () => {
  it('gives a script all chunks of a Job, and a reader a thousand, and says how many more there are', async () => {
    const chunks = 1_003
    const cheap = { unitPriceWei: 1n, validationPriceWei: 1n, finisherPriceWei: 1n }
    const wide = terms({ macroJobs: chunks, chunkMacroJobs: 1, ...cheap })
    await requester.open(wide)
    const asJson = await escrow(wide.jobId, '--json')
    assert.equal(asJson.code, 0, asJson.stderr)
    const found = JSON.parse(asJson.stdout).chunks as { chunk: number; macroJobs: number }[]
    assert.deepEqual(
      found.map(({ chunk }) => chunk),
      Array.from({ length: chunks }, (_, chunk) => chunk),
    )
    const { stdout } = await escrow(wide.jobId)
    assert.match(stdout, /^ *999 +0\/1 .*\n… and 3 chunks more; --json shows them all\n$/m)
    await requester.cancel(requester.escrowIdOf(requester.wallet, wide.jobId))
  })
})

describe('a requester that is killed between its payment and the news of it', () => {
  it('calls its Job off afterwards; without the chain it is told what is missing', { timeout: 150_000 }, async () => {
    const jobId = await killedAfterPaying()
    assert.equal(await stateOf(jobId), 'open')
    const blind = await run('cancel', jobId)
    assert.equal(blind.code, 2, blind.stderr)
    assert.match(blind.stderr, /--chain-file/)
    assert.equal(await stateOf(jobId), 'open')
    const { code, stdout, stderr } = await run('cancel', jobId, ...chain())
    assert.equal(code, 0, stderr)
    assert.match(stdout, /cancelled.*\n17 tokens/)
    assert.equal(await stateOf(jobId), 'cancelled')
    const again = await run('cancel', jobId, ...chain())
    assert.deepEqual([again.code, /cancelled before/.test(again.stderr)], [1, true], again.stderr)
  })

  it('calls it off by its id alone, which it was told with the numbers as JSON', { timeout: 150_000 }, async () => {
    const jobId = await killedAfterPaying({ asJson: true })
    const { code, stdout, stderr } = await escrow(jobId, '--cancel')
    assert.equal(code, 0, stderr)
    assert.match(stdout, /cancelled in escrow/)
    assert.equal(await stateOf(jobId), 'cancelled')
  })

  it('is told that it is too late where work has begun, and has the rest back after the deadline', { timeout: 150_000 }, async () => {
    const jobId = await killedAfterPaying()
    const escrowId = requester.escrowIdOf(requester.wallet, jobId)
    const worker = await world.open(1)
    await worker.bond(100n * TOKEN)
    await worker.engage(escrowId)
    for (const ended of [await run('cancel', jobId, ...chain()), await escrow(jobId, '--cancel')]) {
      assert.equal(ended.code, 1, ended.stderr)
      assert.match(ended.stderr, /work has begun: Job \S+ is not cancelled/)
      assert.match(ended.stderr, /comes back by itself/)
    }
    const early = await escrow(jobId, '--refund')
    assert.deepEqual([early.code, /deadline of Job \S+ ahead, 20\d\d-/.test(early.stderr)], [1, true], early.stderr)
    await world.rpc('evm_increaseTime', 2 * 86_400)
    await world.rpc('evm_mine')
    const { code, stderr } = await escrow(jobId, '--refund', '--requester', requester.wallet)
    assert.equal(code, 0, stderr)
    assert.equal(await stateOf(jobId), 'refunded')
  })
})
