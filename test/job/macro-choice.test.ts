import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chooseMacroJob, openMacroJobs } from '../../src/job/macro-choice.ts'
import { JobWorld, peerName, plainInfo } from '../support/job-world.ts'

const world = (peers: number, macroJobs = 5) =>
  new JobWorld(
    plainInfo(macroJobs, 4, 2, peerName(16)),
    Array.from({ length: peers }, () => ({})),
  )

const choose = (job: JobWorld, self: number, active: [number, number[]][] = [], alive = job.peers.map(({ index }) => index)) =>
  chooseMacroJob(job.view, job.info, {
    self: peerName(self),
    alive: new Set(alive.map(peerName)),
    active: new Map(active.map(([macro, peers]) => [macro, peers.map(peerName)])),
    maxProcessors: 10,
  })?.macro

test('a MacroJob that nobody works on comes before one that somebody does', () => {
  const job = world(3, 2)
  const first = choose(job, 0) as number
  assert.equal(choose(job, 1, [[first, [0]]]), 1 - first)
})

test('peers have orders of their own', () => {
  const job = world(8, 40)
  const choices = job.peers.map(({ index }) => choose(job, index))
  assert.ok(new Set(choices).size > 4, `${choices}`)
})

test('the last peer that could judge a MacroJob keeps out of it', () => {
  const job = world(2, 1)
  assert.equal(choose(job, 1, [[0, [0]]]), undefined)
  job.commit(0, 0, 0, 0)
  assert.equal(choose(job, 1), undefined)
  assert.equal(choose(job, 0), 0)
})

test('with a third peer alive two may share a MacroJob', () => {
  const job = world(3, 1)
  job.commit(0, 0, 0, 0)
  assert.equal(choose(job, 1), 0)
  assert.equal(choose(job, 1, [], [0, 1]), undefined)
})

test('a lone peer takes everything, also what a dead one began', () => {
  const job = world(2, 1)
  job.commit(0, 0, 0, 0)
  assert.equal(choose(job, 1, [], [1]), 0)
})

test('what is processed is not open, and what was opened again is', () => {
  const job = world(3)
  job.process((macro) => macro % 3)
  assert.deepEqual([...openMacroJobs(job.view, job.info)], [])
  assert.equal(choose(job, 0), undefined)
})
