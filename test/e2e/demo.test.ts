import assert from 'node:assert/strict'
import { glob, readdir, readFile } from 'node:fs/promises'
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
  /** The process of the chain. */
  chain?: number
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

/** Runs a demo that has to succeed; gives what came of it, and what it has started. */
async function runDemo(out: string, ...args: readonly string[]): Promise<Started & { facts: WrittenFacts }> {
  const { code, stdout, stderr } = await minga([...ARGS, '--limit', '130s', '--out', out, ...args])
  assert.equal(code, 0, stderr)
  const lines = stdout.trimEnd().split('\n')
  return { ...(JSON.parse(lines[0] as string) as Started), facts: JSON.parse(lines.at(-1) as string) as WrittenFacts }
}

/** JSON has no bigint. */
type Written<T> = T extends bigint ? string : T extends object ? { [K in keyof T]: Written<T[K]> } : T
type WrittenFacts = Written<DemoFacts>

const tokens = (count: number) => String(BigInt(count) * 10n ** 18n)

test('the demo loses the owner of a queue and the peer that would settle, ends with the right picture, pays, and leaves nothing running', async (t) => {
  const out = await temporaryDirectory(t)
  const { members, chain, facts } = await runDemo(out, '--chaos')
  assert.equal(facts.type, 'demo:finished')
  assert.equal(facts.equal, true)
  assert.deepEqual(facts.job.shape, { macroJobs: 5, microJobs: 10, blocks: 16 })
  assert.deepEqual(facts.culprits, [])

  assert.equal(facts.peers.length, 3)
  const sum = (of: (peer: WrittenFacts['peers'][number]) => number) => facts.peers.reduce((total, peer) => total + of(peer), 0)
  assert.deepEqual([sum(({ processed }) => processed), sum(({ validated }) => validated)], [50, 5])
  assert.deepEqual(
    facts.peers.filter((peer) => peer.killed).map(({ name }) => name),
    [facts.killed?.name, facts.killedFinisher?.name].sort(),
  )
  assert.ok(facts.killed && facts.killed.afterMicroJobs >= 25 && facts.killed.itsMicroJobs.length > 0)
  assert.equal(
    sum(({ settled }) => settled),
    5,
  )

  const { money } = facts
  assert.equal(money?.budgetWei, tokens(60))
  assert.deepEqual(
    money?.checks.filter(({ holds }) => !holds),
    [],
  )
  for (const { name, killed, processed, validated, settled } of facts.peers) {
    const credit: string | undefined = money?.settled.balances.find((balance) => balance.name === name)?.creditWei
    assert.equal(credit, tokens(processed + validated + settled))
    assert.ok(!killed || settled === 0, 'the dead settle nothing')
  }

  const names = ['original.png', 'result.png', 'map.png']
  assert.deepEqual(
    facts.files,
    names.map((name) => join(out, name)),
  )
  const [original, result] = await Promise.all(facts.files.map(async (file) => decodePicture(await readFile(file))))
  assert.deepEqual([result?.width, result?.height], [original?.width, original?.height])
  assert.deepEqual([chain as number, ...members.map(({ pid }) => pid)].filter(isRunning), [])
})

// test/e2e/paid/cheat.test.ts shows the same without the demo, and CI's last step runs this one.
const long = { skip: process.env.MINGA_LONG_TESTS ? false : 'MINGA_LONG_TESTS=1 runs it' }

test('a peer that computes everything wrong is caught, and neither paid nor left with its whole bond', long, async (t) => {
  const { facts } = await runDemo(await temporaryDirectory(t), '--cheat')
  assert.equal(facts.equal, true)
  assert.deepEqual([...new Set(facts.culprits.map(({ name }) => name))], ['the cheat'])
  const cheat = facts.peers.find(({ name }) => name === 'the cheat')
  assert.deepEqual([cheat?.processed, cheat?.validated, cheat?.settled], [0, 0, 0])
  const [before, after] = [facts.money?.before, facts.money?.withdrawn].map((snapshot) =>
    snapshot?.balances.find(({ name }) => name === 'the cheat'),
  )
  assert.equal(after?.tokenWei, before?.tokenWei)
  assert.ok(BigInt(after?.bondWei as string) < BigInt(before?.bondWei as string))
})

test(
  'with a cheat and chaos there is one more peer, so that enough are left to convict the one and do the work of the others',
  long,
  async (t) => {
    const { members, facts } = await runDemo(await temporaryDirectory(t), '--chaos', '--cheat')
    assert.equal(members.filter(({ name }) => name.startsWith('peer ')).length, 4)
    assert.equal(facts.equal, true)
    assert.ok(facts.culprits.every(({ name }) => name === 'the cheat'))
    assert.deepEqual(
      facts.money?.checks.filter(({ holds }) => !holds),
      [],
    )
  },
)

test('without a chain the demo shows the network alone', async (t) => {
  const { chain, facts } = await runDemo(await temporaryDirectory(t), '--unpaid')
  assert.deepEqual([chain, facts.equal, facts.money], [undefined, true, null])
})

/** A demo whose processes are all up; they and their disks lie in `directory`. */
async function startDemo(t: TestContext) {
  const directory = await temporaryDirectory(t, () => demo.kill())
  const demo = startProcess(CLI, [...ARGS, '--out', join(directory, 'out')], { env: { TMPDIR: directory } })
  const { members, chain } = (await demo.line(({ type }) => type === 'demo:started')) as unknown as Started
  assert.equal(members.length, 4)
  const pids = [chain as number, await anvilOf(directory), ...members.map(({ pid }) => pid)]
  assert.deepEqual(pids.filter(isRunning), pids)
  return { demo, directory, pids }
}

async function anvilOf(directory: string): Promise<number> {
  for await (const file of glob(join(directory, 'minga-demo-*/chain/devnet-processes.json'))) {
    return (JSON.parse(await readFile(file, 'utf8')) as { anvil: number }).anvil
  }
  throw new Error('expected the chain to say which process it is')
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
