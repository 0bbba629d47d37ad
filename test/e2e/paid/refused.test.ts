/** A validator's bond goes in the last moment: the escrow refuses the settlement, its MacroJobs are judged by another, and all is settled all the same. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { it } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import type { JobHandle } from '../../../src/index.ts'
import { leafCommitHash, signStatement } from '../../../src/job/settlement/statements.ts'
import { shortForm } from '../../../src/roles/short-form.ts'
import { reply } from '../../chain/support/proxy.ts'
import { atSettlement } from './chain-calls.ts'
import { assertPaid, finishPaid, ledgerOf, noErrors, type PaidNetwork, paidJob, startPaidNetwork } from './support.ts'

/** Twenty tokens are bonded and ten asked for; each conviction takes two and a half. */
const CONVICTIONS = 5

/** The wallet swears to two leaves of one place, over and over: anybody may bring that before the escrow. */
async function burnBond({ chain, walletFile }: PaidNetwork, jobId: string, wallet: number) {
  const escrowId = chain.escrowIdOf(chain.wallet, jobId)
  const key = new Uint8Array(Buffer.from((await readFile(walletFile(wallet), 'utf8')).trim().slice(2), 'hex'))
  const sign = (microJob: number, leaf: bigint) =>
    shortForm(signStatement(key, chain, leafCommitHash({ jobId: escrowId, macro: 0, micro: microJob, attempt: 0, leaf })))
  for (let microJob = 0; microJob < CONVICTIONS; microJob++) {
    await chain.convict({
      offence: 'two-leaves',
      commit: { kind: 'leaf-commit', escrowId, macroJob: 0, microJob, attempt: 0, leaf: 1n },
      otherLeaf: 2n,
      signatures: [sign(microJob, 1n), sign(microJob, 2n)],
    })
  }
}

async function firstValidator(handle: JobHandle): Promise<string> {
  for (;;) {
    const [macro] = handle.progress().macroJobs
    if (macro?.state === 'agreed' && macro.validator !== undefined) return macro.validator
    await setTimeout(20)
  }
}

it('a validator that loses its bond as its word is settled is the culprit, and the Job is settled without it', async (t) => {
  const paid = await startPaidNetwork(t)
  const peers = await paid.startPeers(['peer-1', 'peer-2', 'peer-3', 'peer-4'])
  const client = await paid.client()
  const before = await ledgerOf(paid, peers)
  const placed = Promise.withResolvers<JobHandle>()
  const burned = Promise.withResolvers<string>()
  const offered = atSettlement(peers, async ({ id }, response, pass) => {
    const handle = await placed.promise
    const validator = await firstValidator(handle)
    await burnBond(
      paid,
      handle.jobId,
      peers.findIndex(({ peer }) => peer === validator),
    )
    burned.resolve(validator)
    reply(response, { id, ...(await pass()) })
  })
  const { draft, expected } = paidJob('refused', {}, { macroJobs: 2, microJobs: 2, blocks: 2 })
  const handle = await client.place(draft)
  placed.resolve(handle)
  const [finisher, validator] = await Promise.all([offered, burned.promise])
  await finisher.line(({ msg }) => msg === 'the escrow refused a settlement; the same proof is offered again later')
  const report = await finishPaid(handle, expected)
  assert.deepEqual([...new Set(report.culprits.map(({ peer, reason }) => `${peer} ${reason}`))], [`${validator} no-stake`])
  assert.ok(report.macroJobs.every((macro) => macro.validator !== validator))
  await assertPaid(paid, peers, before, handle, report)
  noErrors(peers)
})
