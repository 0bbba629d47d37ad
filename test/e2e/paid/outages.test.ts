/** The chain is out of reach, dies, forgets a block, or wants more for one, while a Job is settled. It is paid once all the same. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { reply } from '../../chain/support/proxy.ts'
import { atSettlement, cutAt, mend } from './chain-calls.ts'
import { assertPaid, finishPaid, ledgerOf, noErrors, paidJob, startPaidNetwork } from './support.ts'

const SHAPE = { macroJobs: 1, microJobs: 2, blocks: 2 }
const GWEI = 10n ** 9n
/** A settlement that is sent again is there after a block or two; the rest is for a machine that is busy with other things. */
const LIMIT_MS = 60_000

it('while a Job is settled', async (t) => {
  const paid = await startPaidNetwork(t)
  const peers = await paid.startPeers(['peer-1', 'peer-2', 'peer-3'])
  const client = await paid.client()

  /** Places a Job, waits for `trouble` to be over, and for the Job to be paid. */
  const paidThrough = async (name: string, trouble: () => Promise<unknown>) => {
    const before = await ledgerOf(paid, peers)
    const troubled = trouble()
    const { draft, expected } = paidJob(name, {}, SHAPE)
    const handle = await client.place(draft)
    await troubled
    const report = await finishPaid(handle, expected)
    await assertPaid(paid, peers, before, handle, report)
    noErrors(peers)
  }

  const minedIn = async (hash: string) => {
    for (;;) {
      const receipt = (await paid.rpc('eth_getTransactionReceipt', hash)) as { blockNumber: string } | null
      if (receipt !== null) return receipt
      await setTimeout(20)
    }
  }

  for (const moment of ['before', 'during', 'after'] as const) {
    await t.test(`the endpoints are gone ${moment} the transaction`, () =>
      paidThrough(`cut ${moment}`, async () => {
        await cutAt('settle', peers, moment)
        mend(peers)
      }),
    )
  }

  await t.test('the chain is killed, and comes back from its last state', () =>
    paidThrough('killed', async () => {
      await atSettlement(peers, async (_, response, pass) => {
        await pass()
        await paid.killChain()
        response.destroy()
      })
      await paid.restartChain()
    }),
  )

  /** Resolves when the chain says that a settlement stands in this block or a later one. */
  const settledFrom = async (block: number) => {
    for await (const event of paid.chain.events(block, { signal: AbortSignal.timeout(LIMIT_MS) })) {
      if (event.type === 'macrojobs:settled') return
    }
  }

  await t.test('the block of the settlement is reorganised away', () =>
    paidThrough('reorganised', async () => {
      let lost = 0
      await atSettlement(peers, async ({ id }, response, pass) => {
        const { result: hash } = await pass()
        reply(response, { id, result: hash })
        lost = Number((await minedIn(String(hash))).blockNumber)
        const { number } = await paid.chain.head()
        await paid.rpc('anvil_reorg', number - lost + 1, [])
        assert.equal(await paid.rpc('eth_getTransactionReceipt', hash), null)
      })
      // A peer that looked in between has seen the Job paid, and its report does not wait for the second time.
      await settledFrom(lost)
    }),
  )

  await t.test('the price of a block rises above what was offered', () =>
    paidThrough('underpriced', () =>
      atSettlement(peers, async ({ id }, response, pass) => {
        await paid.rpc('anvil_setNextBlockBaseFeePerGas', `0x${(150n * GWEI).toString(16)}`)
        reply(response, { id, ...(await pass()) })
      }),
    ),
  )
})
