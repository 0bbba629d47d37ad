import assert from 'node:assert/strict'
import { test } from 'node:test'
import { agreedMacroJobs, outcomeOf } from '../../src/job/agreement.ts'
import { nonceAt } from '../../src/job/beacon.ts'
import { hashOf, uint32 } from '../../src/job/bytes.ts'
import { chunkState } from '../../src/job/chunk.ts'
import { dutiesOf } from '../../src/job/duties.ts'
import { applyEscrowFacts } from '../../src/job/escrow-facts.ts'
import { eventsBetween } from '../../src/job/events.ts'
import { applyRecord } from '../../src/job/filing.ts'
import { DEFAULT_PATIENCE, dutyDueMs } from '../../src/job/patience.ts'
import { planFits, planOf } from '../../src/job/plan.ts'
import { progressOf } from '../../src/job/progress.ts'
import { proposalRank } from '../../src/job/proposals.ts'
import { MAX_ATTEMPTS } from '../../src/job/records.ts'
import { createJobView, type JobView } from '../../src/job/view.ts'
import { failureOfJob } from '../../src/roles/errors.ts'
import { type Behaviour, JobWorld, paidInfo, peerName, plainInfo, UNSERVED } from '../support/job-world.ts'

const honest: Behaviour = {}
/** Peer m mod (peers − 1) works on MacroJob m, so that the last peer is free to validate. */
const spread = (peers: number) => (macro: number) => macro % peers

function world(behaviours: Behaviour[], shape: [number, number, number] = [5, 4, 4], chunk = 8) {
  return new JobWorld(plainInfo(...shape, peerName(16), chunk), behaviours)
}

const agreed = ({ view, info }: JobWorld) => agreedMacroJobs(view, info)

test('an honest Job is agreed in one attempt, by validators that processed nothing in the MacroJob', () => {
  const job = world([honest, honest, honest])
  job.settle(spread(3))
  assert.equal(agreed(job)?.length, 5)
  assert.ok(agreed(job)?.every(({ independent, attempt }) => independent && attempt === 0))
  assert.equal(progressOf(job.view).state, 'finished')
  assert.deepEqual(
    progressOf(job.view).peers.map(({ processed }) => processed),
    [8, 8, 4],
  )
})

test('one peer alone finishes its Job, and it is not called independent', () => {
  const job = world([honest])
  job.settle(() => 0)
  assert.ok(agreed(job)?.every(({ independent }) => !independent))
  assert.equal(progressOf(job.view).state, 'finished')
})

test('a peer that returns wrong blocks is convicted, and others compute its MicroJobs again', () => {
  const job = world([honest, { wrong: () => true }, honest, honest])
  job.settle((macro) => (progressOf(job.view).culprits.length === 0 ? macro % 4 : 0))
  const result = agreed(job)
  assert.ok(result)
  assert.deepEqual([...new Set(progressOf(job.view).culprits.map(({ peer }) => peer))], [peerName(1)])
  assert.ok(result.every(({ microJobs }) => microJobs.every(({ author }) => author !== peerName(1))))
  const right = new JobWorld(job.info, [honest])
  for (const { macro, microJobs } of result) {
    for (const [micro, { blockHashes }] of microJobs.entries()) assert.deepEqual(blockHashes, right.compute(0, macro, micro))
  }
})

test('a validator that accuses the honest is convicted itself', () => {
  for (const liar of [0, 1, 2, 3]) {
    const behaviours = [0, 1, 2, 3].map((index) => (index === liar ? { accuses: true } : honest))
    const job = world(behaviours)
    job.settle(spread(4))
    assert.ok(agreed(job), `with liar ${liar}`)
    assert.ok(progressOf(job.view).culprits.every(({ peer }) => peer === peerName(liar)))
  }
})

test('a validator that computes nothing and nods passes nothing', () => {
  for (const paid of [false, true]) {
    for (const liar of [0, 1, 2, 3]) {
      const behaviours = [0, 1, 2, 3].map((index) =>
        index === liar ? { wrong: () => true } : index === (liar + 1) % 4 ? { nods: true } : honest,
      )
      const plain = plainInfo(5, 4, 4, peerName(16))
      const job = new JobWorld(paid ? paidInfo(plain) : plain, behaviours)
      job.settle((macro) => (progressOf(job.view).culprits.length === 0 ? macro % 4 : (liar + 2) % 4))
      const result = agreed(job)
      assert.ok(result, `peer ${liar} lies`)
      assert.ok(result.every(({ microJobs }) => microJobs.every(({ author }) => author !== peerName(liar))))
    }
  }
})

test('a result of too few or too many blocks is none', () => {
  for (const blocks of [3, 5]) {
    const job = world([honest, honest, honest])
    const hashes = Array.from({ length: blocks }, () => job.compute(0, 0, 0)[0] as Uint8Array)
    job.commit(0, 0, 0, 0, hashes)
    job.settle((macro) => 1 + (macro % 2))
    assert.ok(agreed(job)?.every(({ microJobs }) => microJobs.every(({ blockHashes }) => blockHashes.length === 4)))
  }
})

test('peers that joined and are never heard of again do not fail the Job of the one that works', () => {
  for (const ghosts of [1, 2, 5, 9]) {
    const job = world([honest, ...Array.from({ length: ghosts }, () => ({ dead: true }))])
    job.settle(() => 0)
    const result = agreed(job)
    assert.ok(result, `${ghosts} ghosts`)
    assert.ok(result.every(({ independent, attempt }) => !independent && attempt >= 2))
    assert.deepEqual(progressOf(job.view).culprits, [])
  }
})

test('who answers at last judges the work of the one that worked alone', () => {
  const job = world([{ wrong: () => true }, { dead: true }, { dead: true }])
  // One attempt passes without an answer.
  for (let round = 0; round < 60 && chunkState(job.view, job.info, 0).attempts.length < 2; round++) {
    job.process(() => 0)
    if (job.step({ late: true }) === 0) job.step({ stuck: true })
  }
  for (const late of job.peers.slice(1)) late.behaviour = honest
  job.settle(() => (progressOf(job.view).culprits.length === 0 ? 0 : 1))
  assert.deepEqual([...new Set(progressOf(job.view).culprits.map(({ peer }) => peer))], [peerName(0)])
  assert.ok(agreed(job)?.every(({ microJobs }) => microJobs.every(({ author }) => author === peerName(1))))
})

test('who keeps back its nonce or its results loses its MicroJobs, and the Job goes on', () => {
  for (const bad of [{ keepsNonce: true }, { hides: true }] satisfies Behaviour[]) {
    const job = world([honest, bad, honest])
    job.settle((macro) => (progressOf(job.view).macroJobs[macro]?.attempt === 0 ? macro % 3 : 2))
    const result = agreed(job)
    assert.ok(result, JSON.stringify(bad))
    assert.ok(result.every(({ microJobs }) => microJobs.every(({ author }) => author !== peerName(1))))
  }
})

test('who keeps back again and again is barred before it has used up the attempts', () => {
  for (const bad of [{ keepsNonce: true }, { hides: true }] satisfies Behaviour[]) {
    const job = world([honest, bad, honest])
    // It is always the first to take what is open again, as long as its commits count.
    job.settle((macro) => ((progressOf(job.view).macroJobs[macro]?.attempt ?? 0) < 2 && macro % 3 === 1 ? 1 : 2))
    const result = agreed(job)
    assert.ok(result, JSON.stringify(bad))
    assert.ok(result.every(({ microJobs }) => microJobs.every(({ author }) => author !== peerName(1))))
    job.commit(1, 1, 0, 3)
    assert.deepEqual(agreed(job), result, 'what it commits to later does not count')
  }
})

test('who gives its results to nobody loses its MicroJobs, is barred when it does so again, and is convicted of nothing', () => {
  for (const peers of [2, 3, 4]) {
    const job = world([honest, { unserved: true }, honest, honest].slice(0, peers))
    job.settle((macro) => ((progressOf(job.view).macroJobs[macro]?.attempt ?? 0) < 2 ? macro % peers : 0))
    const result = agreed(job)
    assert.ok(result, `${peers} peers`)
    assert.ok(result.every(({ microJobs }) => microJobs.every(({ cid }) => cid !== UNSERVED)))
    assert.deepEqual(progressOf(job.view).culprits, [])
  }
})

test('one validator that says that a result is not to be had takes nobody its MicroJob', () => {
  const job = world([honest, honest, honest, honest])
  job.process(() => 0)
  while (job.step() > 0 && chunkState(job.view, job.info, 0).current?.draw === undefined) {}
  const items = [0, 1, 2, 3].map((micro): [number, number] => [0, micro])
  const validators = chunkState(job.view, job.info, 0).current?.verdicts.flatMap((verdict) =>
    verdict.state === 'open' ? verdict.validators : [],
  )
  const liar = validators?.find((peer) => peer !== peerName(0)) as string
  job.write(liar, { kind: 'reopen', chunk: 0, attempt: 0, items })
  job.write(peerName(0), { kind: 'reopen', chunk: 0, attempt: 0, items: [] })
  job.settle(() => 0)
  assert.ok(agreed(job)?.every(({ microJobs }) => microJobs.every(({ author }) => author === peerName(0))))
})

/** A MicroJob whose author gives its result to nobody, up to where nothing moves but votes; `vote` is what a peer would say of the attempt. */
function unserved(behaviours: Behaviour[]) {
  const job = world([{ unserved: true }, ...behaviours], [1, 1, 2])
  const still = () => {
    while (job.step() > 0 || job.step({ late: true }) > 0) {}
  }
  const vote = (peer: string, alive: (name: string) => boolean = () => true) => {
    const { looked } = job.peers.find(({ name }) => name === peer) as (typeof job.peers)[number]
    const duty = dutiesOf(job.view, peer, { looked }).find(({ kind }) => kind === 'reopen')
    assert.ok(duty?.kind === 'reopen')
    const { record, ground } = duty
    return { record, ground, dueMs: dutyDueMs(duty, DEFAULT_PATIENCE, { sinceMs: 0, stillMs: 0, alive }) }
  }
  job.process(() => 0)
  still()
  return { job, still, vote, attempt: () => chunkState(job.view, job.info, 0).current?.attempt }
}

test('what one judge lacks another looks for, and says at once that it lacks it, too', () => {
  const { job, still, vote, attempt } = unserved([honest, honest])
  const [author, ...judges] = [0, 1, 2].map(peerName) as [string, string, string]
  const lacks = (peer: string) => vote(peer).record.items.length > 0
  // Who is second in the ranking looked, too, since the world lets all do what is late; it votes after the author, whose vote alone ends the attempt.
  const first = judges.find(lacks) as string
  const second = judges.find((peer) => peer !== first) as string
  assert.deepEqual([vote(first).ground, vote(first).dueMs], ['lacks', DEFAULT_PATIENCE.stuckMs / 2])
  assert.deepEqual([vote(author).ground, vote(author).dueMs], ['still', DEFAULT_PATIENCE.stuckMs])
  job.write(first, vote(first).record)
  job.write(author, vote(author).record)
  assert.equal(attempt(), 1)
  still()
  assert.deepEqual([vote(first).ground, vote(second).ground, vote(second).dueMs], ['still', 'lacks-too', 0])
  job.write(second, vote(second).record)
  job.write(author, vote(author).record)
  assert.deepEqual(chunkState(job.view, job.info, 0).current?.open.get(0), [0])
})

test('a judge that died is asked twice in vain, and then one word is enough that a result is not to be had', () => {
  const { job, still, vote } = unserved([honest, { dead: true }])
  const [author, judge] = [peerName(0), peerName(1)]
  const isGone = (peer: string) => peer === judge
  for (let attempt = 0; attempt < 4; attempt++) {
    assert.deepEqual(chunkState(job.view, job.info, 0).current?.open.get(0), [], `attempt ${attempt}`)
    assert.equal(vote(judge, isGone).dueMs, DEFAULT_PATIENCE.goneMs)
    job.write(judge, vote(judge).record)
    job.write(author, vote(author).record)
    still()
  }
  assert.deepEqual(chunkState(job.view, job.info, 0).current?.open.get(0), [0])
})

test('a vote that is heard when all is over takes nothing back', () => {
  for (const paid of [false, true]) {
    const plain = plainInfo(3, 2, 2, peerName(15))
    const job = new JobWorld(paid ? paidInfo(plain, 2) : plain, [honest, honest, honest, honest, honest])
    job.process((macro) => macro)
    // It has processed nothing, hears of the commits and of one root, and is cut off then.
    const late = job.peers.pop() as (typeof job.peers)[number]
    for (const peer of job.peers) if (peer.index === 0) peer.behaviour = { dead: true }
    const proposed = dutiesOf(job.view, peerName(1)).find(({ kind }) => kind === 'propose')
    assert.ok(proposed?.kind === 'propose')
    job.write(peerName(1), proposed.record)
    const stale = createJobView(job.view.jobId)
    for (const { author, record } of job.log) applyRecord(stale, author, record)
    if (paid) applyEscrowFacts(stale, job.facts())
    job.settle((macro) => 1 + (macro % 2))
    assert.equal(progressOf(job.view).state, 'finished')
    const vote = dutiesOf(stale, late.name).find(({ kind }) => kind === 'reopen')
    assert.ok(vote?.kind === 'reopen' && vote.record.items.length > 0)
    job.write(late.name, vote.record)
    assert.equal(progressOf(job.view).state, 'finished', paid ? 'paid' : 'unpaid')
  }
})

test('nor where it gives up what was built on since', () => {
  const job = world([{}, {}, {}, { keepsNonce: true }], [2, 2, 2])
  job.process((macro) => (macro === 0 ? 3 : 0))
  while (job.step() > 0) {}
  for (const index of [0, 1]) job.write(peerName(index), { kind: 'reopen', chunk: 0, attempt: 0, items: [] })
  for (const peer of job.peers) peer.behaviour = {}
  job.settle(() => 1)
  assert.ok(agreed(job)?.[0]?.microJobs.every(({ author }) => author === peerName(3)))
  job.write(peerName(2), { kind: 'reopen', chunk: 0, attempt: 0, items: [0, 1].map((micro): [number, number] => [0, micro]) })
  assert.equal(progressOf(job.view).state, 'finished')
})

test('one key that keeps its nonce back costs others nothing of their work', () => {
  const job = world(
    Array.from({ length: 6 }, () => ({})),
    [2, 2, 2],
  )
  job.process((macro) => 1 + macro)
  const members = job.peers.map(({ name }) => name).sort()
  const byRank = (a: { name: string }, b: { name: string }) => {
    const [first, second] = [a, b].map(({ name }) => proposalRank(job.view, { chunk: 0, attempt: 0 }, name)) as [string, string]
    return first < second ? -1 : 1
  }
  const keeper = [...job.peers].sort(byRank)[0] as (typeof job.peers)[number]
  keeper.behaviour = { keepsNonce: true }
  for (const macro of [0, 1]) for (const micro of [0, 1]) if (keeper.index !== 1 + macro) job.commit(keeper.index, macro, micro, 0)
  const picks = [0, 1].filter((macro) => keeper.index !== 1 + macro).map((macro) => ({ macro, by: [0, 0], at: [0, 0] }))
  job.write(keeper.name, { kind: 'root', chunk: 0, attempt: 0, members, authors: [keeper.name], picks })
  while (job.step({ late: true }) > 0) {}
  job.step({ stuck: true })
  const { current } = chunkState(job.view, job.info, 0)
  const own = [0, 1].filter((macro) => keeper.index === 1 + macro)
  for (const macro of [0, 1]) if (!own.includes(macro)) assert.deepEqual(current?.open.get(macro) ?? [], [])
})

test('an accusation that one third peer alone repeats before the others were heard convicts nobody', () => {
  const job = world(
    Array.from({ length: 6 }, () => ({})),
    [1, 2, 2],
  )
  // 0 is honest, 1 an author that will help the accuser.
  job.process((_macro, micro) => (micro === 0 ? 1 : 0))
  const act = (name: string, kind: string) => {
    for (const duty of dutiesOf(job.view, name)) if (duty.kind === kind) job.perform(name, duty)
  }
  act(
    job.peers
      .map(({ name }) => name)
      .find((name) => dutiesOf(job.view, name).some(({ kind, before }) => kind === 'propose' && before.length === 0)) as string,
    'propose',
  )
  for (const name of [peerName(0), peerName(1)]) act(name, 'open-nonce')
  const verdict = () => chunkState(job.view, job.info, 0).current?.verdicts[0]
  const drawn = verdict()
  assert.ok(drawn?.state === 'open')
  const accuser = job.peers.find(({ name }) => name === drawn.validators[0]) as (typeof job.peers)[number]
  accuser.behaviour = { accuses: true }
  act(accuser.name, 'validate')
  for (const name of [peerName(0), peerName(1), accuser.name]) act(name, 'reveal')
  const disputed = verdict()
  assert.ok(disputed?.state === 'open')
  const dispute = disputed.disputes.find(({ processor }) => processor === peerName(0))
  assert.ok(dispute)
  assert.ok(dispute.voters.includes(peerName(1)))
  const { micro, block } = dispute
  job.write(peerName(1), {
    kind: 'recheck',
    macro: 0,
    micro,
    attempt: 0,
    block,
    hash: hashOf('invented', uint32(micro)),
    agrees: 'validator',
  })
  job.write(peerName(1), { kind: 'reopen', chunk: 0, attempt: 0, items: [] })
  const culprits = () => new Set(chunkState(job.view, job.info, 0).culprits.map(({ peer }) => peer))
  assert.ok(!culprits().has(peerName(0)))
  job.settle((_macro, micro) => 2 + micro)
  assert.ok(!culprits().has(peerName(0)))
})

test('peers that die after their commits do not hold up the rest', () => {
  const job = world([honest, honest, honest])
  job.process(spread(3))
  ;(job.peers[1] as { behaviour: Behaviour }).behaviour = { dead: true }
  job.settle((macro) => (macro % 3 === 1 ? 2 : macro % 3))
  assert.ok(agreed(job))
  assert.equal(progressOf(job.view).state, 'finished')
})

test('the draw hangs on every nonce, and samples differ between chunks and attempts', () => {
  const job = world([honest, honest], [4, 8, 16], 2)
  job.settle(spread(2))
  const draws = [0, 1].map((chunk) => chunkState(job.view, job.info, chunk).attempts[0]?.draw?.challenge)
  assert.equal(new Set(draws).size, 2)
})

test('the fold does not hang on the order of the records', () => {
  const job = world([honest, { wrong: (macro) => macro === 1 }, honest, { accuses: true }])
  job.settle((macro) => (progressOf(job.view).culprits.length === 0 ? macro % 4 : 2))
  const expected = outcomeOf(job.view.jobId, agreed(job) ?? [])
  for (let seed = 1; seed <= 20; seed++) {
    const view: JobView = createJobView(job.view.jobId)
    for (const { author, record } of shuffled(job.log, seed)) applyRecord(view, author, record)
    assert.deepEqual(outcomeOf(view.jobId, agreedMacroJobs(view, job.info) ?? []), expected)
    assert.deepEqual(progressOf(view).culprits, progressOf(job.view).culprits)
  }
})

test('strangers write what they like: nothing of it counts', () => {
  const job = world([honest, honest, honest])
  const stranger = peerName(9)
  const bytes = new Uint8Array(32)
  job.write(stranger, { kind: 'commit', macro: 0, micro: 0, attempt: 0, commit: bytes, chainHead: bytes, challenge: null })
  job.write(stranger, { kind: 'cancel' })
  job.write(stranger, {
    kind: 'root',
    chunk: 0,
    attempt: 0,
    members: [stranger],
    authors: [stranger],
    picks: [{ macro: 0, by: [0, 0, 0, 0], at: [0, 0, 0, 0] }],
  })
  job.write(stranger, { kind: 'reopen', chunk: 0, attempt: 0, items: [[0, 0]] })
  job.write(stranger, { kind: 'report', cid: 'x'.repeat(30), outcome: bytes })
  job.write(stranger, { kind: 'plan', macro: 0, id: '0'.repeat(64), microJobs: ['0'.repeat(64)] })
  job.settle(spread(3))
  assert.ok(agreed(job)?.every(({ microJobs }) => microJobs.every(({ author }) => author !== stranger)))
})

test('an author with two chain heads counts for nothing more, whatever came first, and cannot take back what was agreed', () => {
  const job = world([honest, honest, honest])
  job.settle(spread(3))
  const before = outcomeOf(job.view.jobId, agreed(job) ?? [])
  const bytes = new Uint8Array(32).fill(7)
  job.write(peerName(0), { kind: 'commit', macro: 4, micro: 3, attempt: 1, commit: bytes, chainHead: bytes, challenge: null })
  assert.deepEqual(outcomeOf(job.view.jobId, agreed(job) ?? []), before)

  const fresh = world([honest, honest, honest])
  fresh.write(peerName(0), { kind: 'commit', macro: 0, micro: 0, attempt: 0, commit: bytes, chainHead: bytes, challenge: null })
  fresh.commit(0, 0, 1, 0)
  fresh.settle((macro) => 1 + (macro % 2))
  const macroJobs = agreed(fresh)
  assert.ok(macroJobs?.every(({ microJobs }) => microJobs.every(({ author }) => author !== peerName(0))))
  for (let seed = 1; seed <= 10; seed++) {
    const view: JobView = createJobView(fresh.view.jobId)
    for (const { author, record } of shuffled(fresh.log, seed)) applyRecord(view, author, record)
    assert.deepEqual(outcomeOf(view.jobId, agreedMacroJobs(view, fresh.info) ?? []), outcomeOf(view.jobId, macroJobs ?? []))
  }
})

test('a Job whose attempts are used up has failed, says why, and asks nothing more of anybody', () => {
  const job = world([honest, honest, honest], [2, 2, 2], 1)
  job.process(spread(3))
  const [first, second, third] = [0, 1, 2].map((index) => peerName(index)) as [string, string, string]
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    assert.notEqual(progressOf(job.view).state, 'failed')
    for (const peer of [first, second, third]) job.write(peer, { kind: 'reopen', chunk: 0, attempt, items: [] })
  }
  const progress = progressOf(job.view)
  assert.deepEqual([progress.state, progress.failure], ['failed', 'attempts'])
  assert.deepEqual(dutiesOf(job.view, first), [])
  assert.deepEqual(eventsBetween(progressOf(world([honest]).view), progress).at(-1), {
    type: 'job:finished',
    state: 'failed',
    reason: 'no agreement in 16 attempts',
  })
  assert.match(failureOfJob(progress)?.message ?? '', /no agreement in 16 attempts/)
})

test('an attempt is soon given up where authors have opened their nonces for different roots, later each time', () => {
  const job = world([honest, honest, honest], [2, 2, 2])
  job.process(spread(2))
  const [first, second, third] = [0, 1, 2].map((index) => peerName(index)) as [string, string, string]
  const times = { sinceMs: 0, stillMs: 0, alive: () => true }
  const vote = () => {
    const found = dutiesOf(job.view, third).find((duty) => duty.kind === 'reopen')
    assert.ok(found?.kind === 'reopen')
    return { ...found, dueMs: (attempt = 0) => dutyDueMs({ ...found, record: { ...found.record, attempt } }, DEFAULT_PATIENCE, times) }
  }
  // Each on its side of a cut: the one has not heard of the third peer yet.
  const proposed = dutiesOf(job.view, first).find((duty) => duty.kind === 'propose')
  assert.ok(proposed?.kind === 'propose')
  const { record } = proposed
  const open = (peer: string, members: string[]) => {
    job.write(peer, { ...record, members })
    const root = chunkState(job.view, job.info, 0).current?.proposals.find(({ proposer }) => proposer === peer)?.root
    assert.ok(root)
    const { secret } = job.peers.find(({ name }) => name === peer) as { secret: Uint8Array }
    return () => job.write(peer, { kind: 'nonce', chunk: 0, attempt: 0, root, nonce: nonceAt(secret, 0, 0) })
  }
  const openFirst = open(first, record.members)
  const openSecond = open(second, [first, second])
  openFirst()
  assert.deepEqual([vote().ground, vote().dueMs()], ['still', DEFAULT_PATIENCE.stuckMs])
  openSecond()
  assert.deepEqual([vote().ground, vote().dueMs(), vote().dueMs(1), vote().dueMs(15)], ['spoilt', 5000, 10_000, 45_000])
  job.settle(spread(2))
  assert.ok(agreed(job)?.every(({ attempt }) => attempt === 1))
})

test('one complaint of several peers fails no Job, two of three do', () => {
  const job = world([honest, honest, honest])
  const complain = (index: number) => job.write(peerName(index), { kind: 'complaint', reason: 'timeout', macro: 0, micro: 0 })
  complain(0)
  assert.equal(progressOf(job.view).state, 'open')
  complain(1)
  assert.equal(progressOf(job.view).state, 'failed')
  const alone = world([honest])
  alone.write(peerName(0), { kind: 'complaint', reason: 'compile', macro: 0, micro: 0 })
  assert.equal(progressOf(alone.view).state, 'failed')
})

test('two peers of which one gives up do not wait for a third, and a complaint takes back nothing', () => {
  const job = world([honest, honest])
  const complaint = { kind: 'complaint', reason: 'limits', macro: 0, micro: 0 } as const
  job.write(peerName(1), complaint)
  job.settle(() => 0)
  assert.ok(agreed(job)?.every(({ validator, independent }) => validator === peerName(0) && !independent))
  const three = world([honest, honest, honest])
  three.settle(spread(3))
  const facts = () => [outcomeOf(three.view.jobId, agreed(three) ?? []), agreed(three)?.map(({ validator }) => validator)]
  const before = facts()
  three.write(peerName(2), complaint)
  assert.deepEqual(facts(), before)
})

test('peers that gave up are not waited for as validators, however many they are', () => {
  const job = world(Array.from({ length: 9 }, () => honest))
  for (const index of [0, 1, 2, 3]) job.write(peerName(index), { kind: 'complaint', reason: 'crash', macro: 0, micro: 0 })
  job.process(() => 8)
  for (let round = 0; round < 100 && job.step() > 0; round++) {}
  assert.ok(agreed(job)?.every(({ validator, independent }) => independent && !job.view.complaints.has(validator)))
})

test('a plan whose ids do not follow from the seed is seen, and only the requester can write one', () => {
  const job = world([honest])
  const wrong = { kind: 'plan' as const, macro: 1, id: '0'.repeat(64), microJobs: ['0'.repeat(64)] }
  job.write(peerName(0), wrong)
  assert.ok(planFits(job.view, job.info, 1))
  job.write(job.info.requester, planOf(job.info, 0))
  assert.ok(planFits(job.view, job.info, 0))
  job.write(job.info.requester, wrong)
  assert.ok(!planFits(job.view, job.info, 1))
})

function shuffled<T>(items: readonly T[], seed: number): T[] {
  let state = seed
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
  return items
    .map((item) => ({ item, key: next() }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item)
}
