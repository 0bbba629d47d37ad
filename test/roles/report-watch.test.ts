import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { systemClock } from '../../src/clock.ts'
import { agreedMacroJobs, outcomeOf } from '../../src/job/agreement.ts'
import { bytesToHex, utf8ToBytes } from '../../src/job/bytes.ts'
import { dutiesOf } from '../../src/job/duties.ts'
import { reportOf } from '../../src/job/report.ts'
import { silentLogger } from '../../src/log.ts'
import { createSigner, verifySignature } from '../../src/network/signatures-node.ts'
import type { Blocks } from '../../src/ports.ts'
import { createReportWatch } from '../../src/roles/report-watch.ts'
import { JobWorld, peerName, plainInfo } from '../support/job-world.ts'

const signers = Array.from({ length: 12 }, () => createSigner(randomBytes(32)))
const nameOf = (index: number) => signers[index]!.peer
const honest = signers[0]!

/** An agreed Job without a report, seen by its second peer. */
function agreedJob(t: TestContext) {
  const world = new JobWorld(plainInfo(2, 2, 2, peerName(16)), [{}, {}, ...Array.from({ length: 10 }, () => ({ dead: true }))], nameOf)
  world.settle((macro) => macro % 2)
  world.view.reports.length = 0
  world.view.version++
  const { view, info } = world
  const outcome = outcomeOf(view.jobId, agreedMacroJobs(view, info)!)
  const files = new Map<string, Uint8Array>()
  const read: string[] = []
  const blocks = {
    async read(cid: string, { maxBytes = Number.POSITIVE_INFINITY } = {}) {
      read.push(cid)
      const bytes = files.get(cid)
      if (bytes === undefined || bytes.length > maxBytes) throw new Error('not to be had')
      return bytes
    },
  } as unknown as Blocks
  let moved = () => {}
  const onChange = (listener: () => void) => {
    moved = listener
    return () => {}
  }
  let found = () => {}
  const isFound = new Promise<void>((resolve) => {
    found = resolve
  })
  const components = { self: nameOf(1), blocks, clock: systemClock, verify: verifySignature, logger: silentLogger }
  const watch = createReportWatch(components, { jobId: view.jobId, view, onChange }, info, { providers: () => [], onFound: () => found() })
  t.after(() => watch.stop())
  const publish = (index: number, bytes: Uint8Array | undefined) => {
    const cid = `bafkrei${String(view.reports.length).padStart(52, 'a')}`
    if (bytes !== undefined) files.set(cid, bytes)
    world.write(nameOf(index), { kind: 'report', cid, outcome })
    moved()
  }
  const finalizes = () => dutiesOf(view, nameOf(1), { reported: watch.holds() }).some(({ kind }) => kind === 'finalize')
  return { world, watch, publish, finalizes, read, isFound }
}

async function signedReport({ view, info }: JobWorld): Promise<Uint8Array> {
  const report = reportOf(view, info, honest.peer, { processingMs: 1, verificationMs: 1, totalMs: 2 })
  const signature = bytesToHex(await honest.sign(utf8ToBytes(JSON.stringify(report))))
  return utf8ToBytes(JSON.stringify({ report, signer: honest.peer, signature }))
}

test('a false report leaves a finalizer its duty, a true one relieves it', async (t) => {
  const { world, watch, publish, finalizes, isFound } = agreedJob(t)
  assert.ok(finalizes())
  publish(2, utf8ToBytes('{"report":{}}'))
  await new Promise(setImmediate)
  assert.ok(!watch.holds() && finalizes())
  publish(0, await signedReport(world))
  await isFound
  assert.ok(watch.holds() && !finalizes())
})

test('many false reports are looked into a bounded number of times, and one of our own is enough', async (t) => {
  const { world, watch, publish, read, finalizes } = agreedJob(t)
  for (let index = 2; index < 12; index++) publish(index, new Uint8Array(1000))
  for (let turn = 0; turn < 20; turn++) {
    await new Promise(setImmediate)
    publish(2, undefined)
  }
  await new Promise(setImmediate)
  assert.ok(read.length > 8 && read.length <= 32, `${read.length} fetches`)
  assert.ok(!watch.holds())
  publish(1, await signedReport(world))
  assert.ok(watch.holds() && !finalizes())
})
