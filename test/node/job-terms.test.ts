import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseConfig } from '../../src/config.ts'
import type { JobInfo } from '../../src/job/info.ts'
import { isPaid } from '../../src/job/payment.ts'
import { termsOf } from '../../src/node/job-terms.ts'
import { paidInfo, plainInfo } from '../support/job-world.ts'

const TOKEN = 10n ** 18n
const REQUESTER = `12D3KooW${'Z'.repeat(44)}`

const refusal = (info: JobInfo, flags: Record<string, string> = {}) =>
  termsOf(parseConfig(flags, {}, undefined, { home: '/', cwd: '/', platform: process.platform }).config)(info)

/** A Job that pays two tokens a MicroJob, and so many for a validation and a settlement. */
function paying(validation: bigint, finisher: bigint): JobInfo {
  const info = paidInfo(plainInfo(2, 3, 4, REQUESTER))
  assert.ok(isPaid(info))
  const payment = { ...info.payment, validationPriceWei: String(validation), finisherPriceWei: String(finisher) }
  return { ...info, unitPriceWei: String(2n * TOKEN), payment }
}

describe('the terms of a peer', () => {
  const asked = {
    'jobs.minUnitPrice': String(2n * TOKEN),
    'jobs.minValidationPrice': String(3n * TOKEN),
    'jobs.minFinisherPrice': String(4n * TOKEN),
  }

  it('ask for nothing by default', () => {
    assert.equal(refusal(plainInfo(2, 3, 4, REQUESTER)), undefined)
    assert.equal(refusal(paying(0n, 0n)), undefined)
  })

  it('ask for each of the three prices by itself, to the last wei, and say which is too low', () => {
    assert.equal(refusal(paying(3n * TOKEN, 4n * TOKEN), asked), undefined)
    assert.equal(refusal(paying(0n, 4n * TOKEN), asked), 'a price of 0 tokens for validating a MacroJob; this peer asks for 3')
    assert.match(refusal(paying(3n * TOKEN - 1n, 4n * TOKEN), asked) ?? '', /for validating a MacroJob/)
    assert.equal(refusal(paying(3n * TOKEN, 0n), asked), 'a price of 0 tokens for settling a MacroJob; this peer asks for 4')
    assert.match(refusal({ ...paying(3n * TOKEN, 4n * TOKEN), unitPriceWei: '7' }, asked) ?? '', /tokens a MicroJob; this peer asks for 2$/)
  })

  it('take what no escrow holds for no price at all', () => {
    const { payment, ...promised } = paying(3n * TOKEN, 4n * TOKEN)
    assert.ok(payment)
    for (const [key, value] of Object.entries(asked)) assert.match(refusal(promised, { [key]: value }) ?? '', /a price of 0 tokens/)
  })
})
