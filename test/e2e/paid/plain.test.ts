/**
 * A Job is placed from the command line, done, proved, settled and paid to the last unit, by three peers as operators run them, and whoever looks later sees it so; so
 * are two for which the chain is out of reach before a root is committed, and before a beacon is pinned (issue "Part 2", 7).
 */
import assert from 'node:assert/strict'
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { it } from 'node:test'
import type { JobDraft, JobEvent, JobSummary } from '../../../src/index.ts'
import { minga as alone } from '../../cli/run.ts'
import type { TestNetwork } from '../support/fault-network.ts'
import { cutAt, mend } from './chain-calls.ts'
import { assertPaid, finishPaid, ledgerOf, noErrors, paidJob, startPaidNetwork, TOKEN } from './support.ts'

const SMALL = { macroJobs: 1, microJobs: 2, blocks: 2 }
/** The wallet that pays, one of the devnet's. */
const REQUESTER = 8

const linesOf = <T>(text: string) => text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as T]))

/** The command line, which must end so. */
const commandsOf =
  ({ cli }: TestNetwork) =>
  async (expectedCode: number, ...args: string[]) => {
    const { code, stdout, stderr } = await cli(...args)
    assert.equal(code, expectedCode, `${args.join(' ')}: ${stdout}${stderr}`)
    return { stdout, stderr }
  }

async function writeJob(directory: string, name: string, { code, ...draft }: JobDraft): Promise<string> {
  const path = join(directory, `${name}.json`)
  await writeFile(join(directory, `${name}.wgsl`), code)
  await writeFile(path, JSON.stringify({ ...draft, code: `${name}.wgsl` }))
  return path
}

it('a paid Job among three peers', async (t) => {
  const paid = await startPaidNetwork(t)
  const peers = await paid.startPeers(['peer-1', 'peer-2', 'peer-3'])
  const { directory } = paid.network
  const minga = commandsOf(paid.network)
  const onChain = ['--chain-file', paid.chainFile]
  const clientDir = join(directory, 'cli/client')
  await mkdir(clientDir, { recursive: true })
  await copyFile(paid.walletFile(REQUESTER), join(clientDir, 'wallet.key'))
  const { draft, expected, budgetWei } = paidJob('plain')
  const client = await paid.client()
  let jobId = ''

  await t.test('is settled with one proof; every wallet gets what is its due, and can have it', async () => {
    const before = await ledgerOf(paid, peers)
    const placed = await minga(0, 'place', await writeJob(directory, 'plain', draft), '--no-check', '--watch', '--json', ...onChain)
    jobId = linesOf<{ jobId: string }>(placed.stdout)[0]!.jobId
    const handle = await client.job(jobId)
    // At once, and not when the chain has been read some time later.
    const { state, escrow, microJobs } = handle.progress()
    assert.deepEqual([state, escrow, microJobs.agreed], ['finished', 'settled', microJobs.total])
    const report = await finishPaid(handle, expected)
    assert.equal(report.chunks[0]?.attempts, 1)
    const { settlements, after } = await assertPaid(paid, peers, before, handle, report)
    assert.equal(settlements.length, 1)
    const own = await paid.open(0)
    await own.withdraw()
    const { tokenWei, creditWei } = await own.balances()
    assert.equal(creditWei, 0n)
    assert.equal(tokenWei - after.get(own.wallet)!.tokenWei, after.get(own.wallet)!.creditWei)
    noErrors(peers)
    // They were given the smallest circuit alone, and have said so as they started.
    for (const { log } of peers) {
      const said = log.filter(({ msg }) => String(msg).startsWith('settles Jobs of some sizes only'))
      assert.deepEqual(
        said.map(({ lacking }) => lacking),
        [['5x10', '8x8', '16x16']],
      )
    }
  })

  await t.test('is fetched and seen as agreed by each command', async () => {
    await minga(0, 'results', jobId, '-o', directory, ...onChain)
    assert.deepEqual(await readFile(join(directory, 'result.bin')), Buffer.from(expected))
    const events = linesOf<JobEvent>((await minga(0, 'watch', jobId, '--json', ...onChain)).stdout)
    const [seen, last] = [events[0], events.at(-1)]
    assert.deepEqual([seen?.type === 'job:seen' && seen.job.state, last?.type === 'job:finished' && last.state], ['agreed', 'agreed'])
  })

  await t.test('is told to need its chain where none is given, or one that is silent', async () => {
    const { stderr } = await minga(2, 'results', '-o', directory, jobId)
    assert.match(stderr, /holds the price of Job \w+, found no chain in the settings\n.*--chain-file/)
    const silent = ['--chain-rpc', 'http://127.0.0.1:1', '--timeout-rpc', '500ms']
    assert.match((await minga(3, 'results', '-o', directory, jobId, ...onChain, ...silent)).stderr, /found it silent/)
    const blind = await (await paid.network.client()).job(jobId)
    assert.deepEqual([blind.progress().escrow, blind.summary().state, blind.missingChain()?.name], ['unread', 'unread', 'OtherChainError'])
    await assert.rejects(blind.result(), { name: 'OtherChainError' })
    await assert.rejects(Array.fromAsync(blind), { name: 'OtherChainError' })
  })

  await t.test('is listed beside one that was called off, whose price is withdrawn from the wallet that paid it', async () => {
    // Nobody here has such a bond.
    const dear = await writeJob(directory, 'dear', { ...draft, payment: { ...draft.payment, minBondWei: String(1000n * TOKEN) } })
    const left = linesOf<{ jobId: string }>((await minga(0, 'place', dear, '--no-check', '--json', ...onChain)).stdout)[0]!.jobId
    await minga(0, 'cancel', left, ...onChain)
    const listed = async (...args: string[]) => {
      const { stdout, stderr } = await minga(0, 'jobs', '--json', ...args)
      const jobs = new Map(linesOf<JobSummary>(stdout).map((job) => [job.jobId, job]))
      return { states: [jobs.get(left)?.state, jobs.get(jobId)?.state], plain: jobs.get(jobId), stderr }
    }
    const { states, plain } = await listed(...onChain)
    assert.deepEqual([states, plain?.agreed], [['cancelled', 'agreed'], plain?.total])
    const blind = await listed()
    assert.deepEqual(blind.states, ['unread', 'unread'])
    assert.match(blind.stderr, /warning: where a paid Job stands.*--chain-file/)

    const before = await paid.chain.balances()
    assert.equal(before.creditWei, budgetWei)
    const { code, stdout, stderr } = await alone([
      'wallet',
      'withdraw',
      '--client',
      '--json',
      '--data-dir',
      join(directory, 'cli'),
      ...onChain,
    ])
    assert.equal(code, 0, stderr)
    const { wallet, creditWei, tokenWei } = JSON.parse(stdout) as Record<string, string>
    assert.deepEqual([wallet, creditWei, tokenWei], [before.wallet, '0', String(before.tokenWei + budgetWei)])
  })
  for (const call of ['commitRoot', 'pinBeacon'] as const) {
    await t.test(`is paid once where the endpoints are gone before ${call}`, async () => {
      const before = await ledgerOf(paid, peers)
      const cut = cutAt(call, peers, 'before')
      const { draft, expected } = paidJob(call, {}, SMALL)
      const handle = await client.place(draft)
      await cut
      mend(peers)
      const report = await finishPaid(handle, expected)
      await assertPaid(paid, peers, before, handle, report)
      noErrors(peers)
    })
  }
})
