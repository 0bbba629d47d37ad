import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { DemoFacts } from '../../src/demo/facts.ts'
import { decodePicture } from '../../src/pictures/decode.ts'
import { minga } from '../cli/run.ts'
import { cacheDirectory } from '../compute/support.ts'
import { temporaryDirectory } from './support/fault-network.ts'
import { startProcess } from './support/process.ts'

const CLI = resolve(import.meta.dirname, '../../src/cli.ts')
const ARGS = ['demo', '--small', '--json', '--cache-dir', cacheDirectory]

/** The first line of the demo's output. */
interface Started {
  members: { name: string; pid: number }[]
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** Nothing tells of the end of a process that somebody else started. */
async function untilGone(pids: readonly number[]): Promise<void> {
  const deadline = performance.now() + 10_000
  while (pids.some(isRunning)) {
    assert.ok(performance.now() < deadline, `still running: ${pids.filter(isRunning).join(', ')}`)
    await sleep(20)
  }
}

test('the demo loses a peer half-way, ends with the right picture, and leaves nothing running', async (t) => {
  const out = await temporaryDirectory(t)
  const { code, stdout, stderr } = await minga([...ARGS, '--chaos', '--limit', '100s', '--out', out])
  assert.equal(code, 0, stderr)
  const lines = stdout.trimEnd().split('\n')
  const [{ members }, facts] = [JSON.parse(lines[0] as string) as Started, JSON.parse(lines.at(-1) as string) as DemoFacts]
  assert.equal(facts.type, 'demo:finished')
  assert.equal(facts.equal, true)
  assert.deepEqual(facts.job.shape, { macroJobs: 5, microJobs: 10, blocks: 16 })
  assert.deepEqual(facts.culprits, [])

  assert.equal(facts.peers.length, 3)
  const sum = (of: (peer: DemoFacts['peers'][number]) => number) => facts.peers.reduce((total, peer) => total + of(peer), 0)
  assert.deepEqual([sum(({ processed }) => processed), sum(({ validated }) => validated)], [50, 5])
  assert.deepEqual(
    facts.peers.filter((peer) => peer.killed).map(({ name }) => name),
    [facts.killed?.name],
  )
  assert.ok(facts.killed && facts.killed.afterMicroJobs >= 25 && facts.killed.itsMicroJobs.length > 0)

  const names = ['original.png', 'result.png', 'map.png']
  assert.deepEqual(
    facts.files,
    names.map((name) => join(out, name)),
  )
  const [original, result] = await Promise.all(facts.files.map(async (file) => decodePicture(await readFile(file))))
  assert.deepEqual([result?.width, result?.height], [original?.width, original?.height])
  assert.deepEqual(members.map(({ pid }) => pid).filter(isRunning), [])
})

/** A demo whose processes are all up; they and their disks lie in `directory`. */
async function startDemo(t: TestContext) {
  const directory = await temporaryDirectory(t, () => demo.kill())
  const demo = startProcess(CLI, [...ARGS, '--out', join(directory, 'out')], { env: { TMPDIR: directory } })
  const { members } = (await demo.line(({ type }) => type === 'demo:started')) as unknown as Started
  assert.equal(members.length, 4)
  return { demo, directory, pids: members.map(({ pid }) => pid) }
}

test('Ctrl-C ends the demo and all its processes, and nothing of them stays on the disk', async (t) => {
  const { demo, directory, pids } = await startDemo(t)
  demo.signal('SIGINT')
  assert.equal((await demo.ended).code, 130)
  await untilGone(pids)
  const left = (await readdir(directory)).filter((name) => name.startsWith('minga-demo-'))
  assert.deepEqual(left, [])
})

test('a demo that is killed takes its processes along', async (t) => {
  const { demo, pids } = await startDemo(t)
  await demo.kill()
  await untilGone(pids)
})
