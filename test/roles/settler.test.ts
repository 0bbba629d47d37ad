import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CallRevertedError, ChainUnavailableError } from '../../src/chain/errors.ts'
import { systemClock } from '../../src/clock.ts'
import { chunkState } from '../../src/job/chunk.ts'
import { type Duty, dutiesOf } from '../../src/job/duties.ts'
import { isPaid } from '../../src/job/payment.ts'
import { type Logger, silentLogger } from '../../src/log.ts'
import type { Chain, Prover, Settlement } from '../../src/ports.ts'
import { SettlementRefusedError } from '../../src/roles/errors.ts'
import type { LoadedJob } from '../../src/roles/loaded-job.ts'
import { createSettler } from '../../src/roles/settler.ts'
import { JobWorld, paidInfo, peerName, plainInfo } from '../support/job-world.ts'

const OUTSIDER = `12D3KooW${'Z'.repeat(44)}`
const PROOF = {
  a: [1n, 2n],
  b: [
    [1n, 2n],
    [3n, 4n],
  ],
  c: [1n, 2n],
} as never
const signal = new AbortController().signal

/** A Job that is agreed and waits for its settlement; `answers` is what the chain does to one after another. */
function agreedJob(answers: (() => void)[]) {
  const world = new JobWorld(paidInfo(plainInfo(4, 2, 2, OUTSIDER)), [{}, {}, {}, {}])
  world.pays = false
  world.settle((macro) => macro)
  const { info, view } = world
  if (!isPaid(info)) throw new TypeError('expected a paid Job')
  const offered: Settlement[] = []
  let proofs = 0
  const chain = {
    chainId: 31337,
    escrow: info.payment.escrow,
    wallet: `0x${'11'.repeat(20)}`,
    async settle(settlement: Settlement) {
      offered.push(settlement)
      answers.shift()?.()
      return { outcome: 'already-done' as const }
    },
  } as unknown as Chain
  const prover: Pick<Prover, 'prove'> = {
    async prove() {
      proofs++
      return PROOF
    },
  }
  const warned: string[] = []
  const logger: Logger = { ...silentLogger, warn: (message) => void warned.push(message), child: () => logger }
  const job = { jobId: view.jobId, info, session: { view }, clock: systemClock } as unknown as LoadedJob
  const settler = createSettler({ chain, prover, logger }, job, info)
  const duty = () => dutiesOf(view, peerName(0)).find((one) => one.kind === 'settle') as Extract<Duty, { kind: 'settle' }>
  return { world, settle: () => settler.settle(duty(), { signal }), offered, proofs: () => proofs, warned }
}

const throwing = (error: Error) => () => {
  throw error
}

describe('a settlement', () => {
  it('that the escrow refuses is proven once, and offered again ever more seldom; the log says what was refused', async () => {
    const refusal = new CallRevertedError('settle', 'InvalidProof')
    const { settle, proofs, warned, offered } = agreedJob(Array.from({ length: 12 }, () => throwing(refusal)))
    const waits: number[] = []
    for (let time = 0; time < 12; time++) {
      await assert.rejects(settle(), (error: unknown) => {
        assert.ok(error instanceof SettlementRefusedError)
        assert.match(error.message, /InvalidProof/)
        waits.push(error.retryMs)
        return true
      })
    }
    assert.deepEqual(waits.slice(0, 4), [10_000, 20_000, 40_000, 80_000])
    assert.equal(waits.at(-1), 3_600_000)
    assert.equal(proofs(), 1)
    assert.equal(offered.length, 12)
    assert.equal(warned.length, 12)
    assert.match(warned[0] as string, /refused a settlement/)
  })

  it('that does not reach the chain is proven once, too, and is no refusal', async () => {
    const { settle, proofs } = agreedJob([throwing(new ChainUnavailableError([]))])
    await assert.rejects(settle(), ChainUnavailableError)
    await settle()
    assert.equal(proofs(), 1)
  })

  it('leaves out what was agreed on the word of a validator without a bond, and has a proof of its own then', async () => {
    const { world, settle, offered, proofs } = agreedJob([throwing(new CallRevertedError('settle', 'InvalidProof'))])
    await assert.rejects(settle())
    const { agreed } = chunkState(world.view, world.info, 0)
    const gone = agreed.get(0)?.validator
    world.stake(
      world.peers.findIndex(({ name }) => name === gone),
      'gone',
    )
    const left = [0, 1, 2, 3].filter((macro) => agreed.get(macro)?.validator !== gone)
    assert.ok(left.length > 0, 'another judged as well')
    await settle()
    assert.equal(proofs(), 2)
    assert.deepEqual(
      offered.map(({ counted }) => counted),
      [0b1111n, left.reduce((bits, macro) => bits | (1n << BigInt(macro)), 0n)],
    )
  })
})
