import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { systemClock } from '../../src/clock.ts'
import { bytesToHex, utf8ToBytes } from '../../src/job/bytes.ts'
import { type JobReport, reportOf } from '../../src/job/report.ts'
import { readSignedReport, reportProblem } from '../../src/job/report-check.ts'
import { createSigner, verifySignature } from '../../src/network/signatures-node.ts'
import type { Blocks, Signer } from '../../src/ports.ts'
import { ReportUnverifiedError } from '../../src/roles/errors.ts'
import { findReport } from '../../src/roles/verified-report.ts'
import { JobWorld, peerName, plainInfo } from '../support/job-world.ts'

const timings = { processingMs: 3, verificationMs: 2, totalMs: 5 }
const signers = Array.from({ length: 4 }, () => createSigner(randomBytes(32)))
const nameOf = (index: number) => signers[index]!.peer

/** A Job that three peers finished; the fourth joined and did nothing. The reports of the world itself name a file that nobody has. */
function finishedJob() {
  const behaviours = [{}, {}, {}, { dead: true }]
  const world = new JobWorld(plainInfo(2, 2, 2, peerName(16)), behaviours, nameOf)
  world.settle((macro) => macro % 2)
  const outcome = world.view.reports[0]!.record.outcome
  world.view.reports.length = 0
  const files = new Map<string, Uint8Array>()
  const publish = (author: Signer, bytes: Uint8Array) => {
    const cid = `bafkrei${String(files.size).padStart(52, 'a')}`
    files.set(cid, bytes)
    world.write(author.peer, { kind: 'report', cid, outcome })
    return cid
  }
  const honest = (by: Signer) => reportOf(world.view, world.info, by.peer, timings)!
  return { ...world, view: world.view, info: world.info, files, publish, honest }
}

async function signed(report: JobReport, by: Signer, signer = by.peer): Promise<Uint8Array> {
  const signature = bytesToHex(await by.sign(utf8ToBytes(JSON.stringify(report))))
  return utf8ToBytes(`${JSON.stringify({ report, signer, signature })}\n`)
}

function find({ view, files }: ReturnType<typeof finishedJob>) {
  const read = async (cid: string, { maxBytes }: { maxBytes: number }) => {
    const bytes = files.get(cid)
    if (bytes === undefined) throw new Error('nobody has it')
    if (bytes.length > maxBytes) throw new Error('too large')
    return bytes
  }
  const session = { jobId: view.jobId, view, until: async () => Promise.reject(new Error('nothing comes any more')) }
  return findReport({ blocks: { read } as unknown as Blocks, clock: systemClock, verify: verifySignature }, session, { providers: [] })
}

test('the finalizer’s report holds, also after a peer that did nothing has joined', async () => {
  const job = finishedJob()
  const report = job.honest(signers[0]!)
  const cid = job.publish(signers[0]!, await signed(report, signers[0]!))
  job.view.peers.set(createSigner(randomBytes(32)).peer, job.view.peers.get(nameOf(3))!)
  const found = await find(job)
  assert.deepEqual([found.cid, found.report], [cid, report])
})

test('a joined peer that publishes anything under the right outcome is passed over for the honest report', async () => {
  const job = finishedJob()
  const forger = signers[3]!
  const lie = { ...job.honest(forger), culprits: [{ peer: nameOf(0), macro: 0, micro: 0, block: 0, attempt: 0 }] }
  job.publish(forger, await signed(lie, forger))
  job.publish(signers[2]!, utf8ToBytes('a picture of a cat'))
  const cid = job.publish(signers[0]!, await signed(job.honest(signers[0]!), signers[0]!))
  assert.equal((await find(job)).cid, cid)
})

test('each field that differs from the records, and each signature that does not fit, is found', async () => {
  const job = finishedJob()
  const by = signers[1]!
  const report = job.honest(by)
  const forged: Record<string, JobReport> = {
    outcome: { ...report, outcome: '00'.repeat(32) },
    wallet: { ...report, peers: report.peers.map((tally) => ({ ...tally, wallet: `0x${'1'.repeat(40)}` })) },
    missing: { ...report, peers: report.peers.filter(({ processed }) => processed === 0) },
    twice: { ...report, peers: [...report.peers, report.peers[0]!] },
    macroJobs: { ...report, macroJobs: report.macroJobs.slice(1) },
    chunks: { ...report, chunks: [] },
    independent: { ...report, independentlyVerified: !report.independentlyVerified },
    finalizer: { ...report, finalizer: nameOf(0) },
    timings: { ...report, timings: { ...timings, totalMs: -1 } },
    more: { ...report, note: 'pay me' } as JobReport,
    none: null as unknown as JobReport,
  }
  for (const [name, lie] of Object.entries(forged)) {
    const file = readSignedReport(await signed(lie, by))
    assert.ok(file === undefined || reportProblem(job.view, job.info, by.peer, file) !== undefined, name)
  }
  for (const file of [
    await signed(report, signers[2]!, by.peer),
    await signed(report, by, nameOf(2)),
    utf8ToBytes('{}'),
    new Uint8Array(9),
  ]) {
    const other = finishedJob()
    other.publish(by, file)
    await assert.rejects(find(other), ReportUnverifiedError)
  }
})

test('a report that goes on without end is not fetched, and one that nobody has is said to be missing', async () => {
  const job = finishedJob()
  job.publish(signers[0]!, new Uint8Array(10_000_000))
  job.files.clear()
  job.publish(signers[1]!, new Uint8Array(10_000_000))
  await assert.rejects(find(job), (error: unknown) => error instanceof ReportUnverifiedError && error.problems.length === 2)
})
