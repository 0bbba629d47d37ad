import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type ComputeInit, createCompute, listAdapters } from '../../src/compute/compute.ts'
import type { Logger } from '../../src/log.ts'
import { silentLogger } from '../../src/log.ts'
import type { Compute } from '../../src/ports.ts'
import { BUDGET, block, cacheDirectory, ENDLESS, openCompute, program, words } from './support.ts'

const onLinux = { skip: process.platform === 'linux' ? false : 'reads /proc' }

interface Watched {
  compute: Compute
  /** Of the newest child. */
  pid(): number
  /** Resolves when the end of a child is noticed. */
  ended: Promise<void>
}

async function watched(init: ComputeInit = {}): Promise<Watched> {
  let pid = 0
  const { promise: ended, resolve } = Promise.withResolvers<void>()
  const info = (_: string, facts?: object) => {
    pid = (facts as { pid?: number })?.pid ?? pid
  }
  const logger: Logger = { ...silentLogger, info, warn: () => resolve(), child: () => logger }
  const compute = await createCompute({ logger }, { adapter: 'software', cacheDirectory, ...init })
  return { compute, pid: () => pid, ended }
}

async function works(compute: Compute): Promise<void> {
  const [result] = await compute.run(program('O[i] = 7u;'), [block()], BUDGET)
  assert.equal(words(result!.output)[63], 7)
}

/** Resolves when no process has this id. */
async function gone(pid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(pid, 0)
    } catch {
      return
    }
    await new Promise(setImmediate)
  }
}

/** CPU time that a process used, in clock ticks (proc_pid_stat(5), fields 14 and 15). */
async function ticksOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  const [user, system] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11)
  return Number(user) + Number(system)
}

/** Resolves when the process has computed for a twentieth of a second (a tick is 10 ms) from now on. */
async function busy(pid: number): Promise<void> {
  const before = await ticksOf(pid)
  while ((await ticksOf(pid)) < before + 5) await new Promise(setImmediate)
}

describe('a shader that never ends', () => {
  test('is killed at its limit; the event loop goes on, and so does the next job', async () => {
    const { compute, pid } = await watched()
    await works(compute)
    const first = pid()
    const delay = monitorEventLoopDelay({ resolution: 5 })
    delay.enable()
    const started = performance.now()
    await assert.rejects(compute.run(program(ENDLESS), [block()], { budgetMs: 300 }), {
      name: 'ComputeTimeoutError',
      phase: 'run',
      limitMs: 300,
    })
    const tookMs = performance.now() - started
    await works(compute)
    delay.disable()
    assert.ok(tookMs >= 300 && tookMs < 3000, `${tookMs} ms`)
    // A parent that waited for the device would stand still for the whole budget; a busy machine alone costs a tenth of a second.
    assert.ok(delay.max / 1e6 < 290, `${delay.max / 1e6} ms`)
    assert.notEqual(pid(), first)
    await gone(first)
    await compute.stop()
  })

  test('does not fail another run’s block that was in the same child', async () => {
    const { compute } = await watched()
    const good = program('O[i] = 7u;')
    await compute.check(good)
    await compute.check(program(ENDLESS))
    const bad = compute.run(program(ENDLESS), [block()], { budgetMs: 300 })
    const fine = compute.run(good, Array(5).fill(block()), { budgetMs: 5000 })
    await assert.rejects(bad, { name: 'ComputeTimeoutError' })
    assert.equal((await fine).length, 5)
    await compute.stop()
  })

  test('is killed soon after an abort; its caller does not wait for that', onLinux, async () => {
    const { compute, pid } = await watched({ graceMs: 100 })
    await compute.check(program(ENDLESS))
    const aborted = new AbortController()
    const running = compute.run(program(ENDLESS), [block(), block()], { ...BUDGET, signal: aborted.signal })
    const next = works(compute)
    const first = pid()
    // an abort that comes before the block has left takes it back, and there is nothing to kill
    await busy(first)
    aborted.abort(new Error('gone'))
    await assert.rejects(running, /gone/)
    await next
    await gone(first)
    await compute.stop()
  })

  test('in slices stops between two of them, and the child lives', async () => {
    const { compute, pid } = await watched({ sliceTargetMs: 1 })
    await works(compute)
    const first = pid()
    const slow = 'var s = i; for (var k = 0u; k < 20000u; k++) { s = s * 747796405u + P[1]; } O[i] = s;'
    await assert.rejects(compute.run(program(slow, { invocations: 4_000_000 }), [block()], { budgetMs: 300 }), {
      name: 'ComputeTimeoutError',
    })
    await works(compute)
    assert.equal(pid(), first)
    await compute.stop()
  })
})

test('a compile bomb is stopped at the compile limit', async () => {
  const compute = await openCompute({ compileTimeoutMs: 400 })
  const doublings = Array.from({ length: 40 }, (_, k) => `fn f${k + 1}(x: u32) -> u32 { return f${k}(x) ^ f${k}(x + 1u); }`)
  const code = `fn f0(x: u32) -> u32 { return x * 3u; }\n${doublings.join('\n')}\n${program('O[i] = f40(i);').code}`
  await assert.rejects(compute.check(program('', { code })), { name: 'ComputeTimeoutError', phase: 'compile', limitMs: 400 })
  await works(compute)
  await compute.stop()
})

test('limits refuse before anything is allocated', async () => {
  const compute = await openCompute({ maxBufferBytes: 64 * 1024 * 1024 })
  const refused = async (more: Parameters<typeof program>[1], blocks = [block()]) => {
    await assert.rejects(compute.run(program('O[i] = i;', more), blocks, BUDGET), { name: 'ComputeLimitError' })
  }
  for (const budgetMs of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
    await assert.rejects(compute.run(program('O[i] = i;'), [block()], { budgetMs }), { name: 'ComputeLimitError' })
  }
  for (const outputBytes of [0, 3, 6, -4, 0.5, Number.NaN, 40 * 2 ** 20, 2 ** 31, 2 ** 53]) await refused({ outputBytes })
  for (const invocations of [0, -1, 1.5, 2 ** 32, Number.POSITIVE_INFINITY]) await refused({ invocations, outputBytes: 4 })
  for (const workgroupSize of [0, 100_000, 1.5]) await refused({ workgroupSize })
  await refused({}, [{ params: new Uint32Array(15), input: new Uint8Array(0) }])
  await refused({}, [{ params: new Uint32Array(20_000), input: new Uint8Array(0) }])
  await refused({}, [{ params: new Uint32Array(16), input: new Uint8Array(3) }])
  await refused({}, [{ params: new Uint32Array(16), input: new Uint8Array(2 ** 26) }])
  await works(compute)
  await compute.stop()
})

describe('a child that dies', () => {
  test('between two calls is replaced unnoticed', async () => {
    const { compute, pid, ended } = await watched()
    await works(compute)
    process.kill(pid(), 'SIGKILL')
    await ended
    await works(compute)
    await compute.stop()
  })

  test('at work fails that call, and the next one works', async () => {
    const { compute, pid } = await watched()
    await compute.check(program(ENDLESS))
    const running = compute.run(program(ENDLESS), [block()], BUDGET)
    process.kill(pid(), 'SIGKILL')
    await assert.rejects(running, { name: 'ComputeCrashedError', detail: /SIGKILL/ })
    await works(compute)
    await compute.stop()
  })

  test('again and again while it has two blocks: each is tried alone, and only then fails', async () => {
    const { compute, pid } = await watched()
    await works(compute)
    const blocks = Array(30).fill(block())
    let kills = 0
    const onBlock = () => {
      if (kills++ === 0) process.kill(pid(), 'SIGKILL')
    }
    const [ours, others] = await Promise.allSettled([
      compute.run(program('O[i] = 7u;'), blocks, { ...BUDGET, onBlock }),
      compute.run(program('O[i] = 7u;'), blocks, BUDGET),
    ])
    for (const run of [ours, others]) {
      if (run.status === 'fulfilled') assert.equal(run.value.length, 30)
      else assert.equal(run.reason.name, 'ComputeCrashedError')
    }
    await works(compute)
    await compute.stop()
  })
})

test('a child is replaced after its number of blocks, and nobody notices', async () => {
  const { compute, pid } = await watched({ recycleAfterBlocks: 4 })
  await works(compute)
  const first = pid()
  assert.equal((await compute.run(program('O[i] = 7u;'), Array(20).fill(block()), BUDGET)).length, 20)
  assert.notEqual(pid(), first)
  await compute.stop()
})

test('the child’s environment holds the driver and the channel, nothing of ours', onLinux, async () => {
  process.env.MINGA_TEST_SECRET = 'a private key'
  const { compute, pid } = await watched()
  const environment = await readFile(`/proc/${pid()}/environ`, 'utf8')
  const names = environment.split('\0').map((entry) => entry.split('=')[0])
  const allowed = ['', 'NODE_CHANNEL_FD', 'NODE_CHANNEL_SERIALIZATION_MODE', 'VK_ADD_DRIVER_FILES', 'LD_LIBRARY_PATH', 'NODE_V8_COVERAGE']
  assert.deepEqual(
    names.filter((name) => !allowed.includes(name!)),
    [],
  )
  await compute.stop()
})

test('the child may write no core and has limits, where there is prlimit', onLinux, async () => {
  const { compute, pid } = await watched()
  const limits = await readFile(`/proc/${pid()}/limits`, 'utf8')
  assert.match(limits, /Max core file size\s+0\s/)
  assert.match(limits, /Max data size\s+\d/)
  assert.match(limits, /Max cpu time\s+\d/)
  await compute.stop()
})

test('the child dies with the parent, even while its shader never ends, and leaves no files', onLinux, async () => {
  const script = `
    const { openCompute, program, block, ENDLESS } = await import(${JSON.stringify(new URL('./support.ts', import.meta.url).href)})
    const { createCompute } = await import(${JSON.stringify(new URL('../../src/compute/compute.ts', import.meta.url).href)})
    const logger = { error() {}, warn() {}, debug() {}, child: () => logger, info: (_, facts) => process.stdout.write(facts.pid + '\\n') }
    const compute = await createCompute({ logger }, { adapter: 'software', cacheDirectory: ${JSON.stringify(cacheDirectory)} })
    await compute.check(program(ENDLESS))
    compute.run(program(ENDLESS), [block()], { budgetMs: 60_000 })
    process.stdout.write('busy\\n')`
  const parent = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  parent.stdout.setEncoding('utf8').on('data', (text) => {
    said += text
  })
  while (!said.includes('busy')) await once(parent.stdout, 'data')
  const pid = Number(said.split('\n')[0])
  process.kill(pid, 0)
  parent.kill('SIGKILL')
  await gone(pid)
  const left = await readdir('/dev/shm')
  assert.deepEqual(
    left.filter((name) => name.startsWith(`minga-compute-${parent.pid}-`)),
    [],
  )
})

test('stop() refuses what waits and what comes, and may be called twice', async () => {
  const { compute, pid } = await watched()
  await compute.check(program(ENDLESS))
  const running = compute.run(program(ENDLESS), [block(), block()], BUDGET)
  const refused = assert.rejects(running, { name: 'ComputeStoppedError' })
  await Promise.all([compute.stop(), compute.stop()])
  await refused
  await gone(pid())
  await assert.rejects(compute.check(program('O[i] = i;')), { name: 'ComputeStoppedError' })
})

test('a process that forgot to stop() still ends', async () => {
  const support = fileURLToPath(new URL('./support.ts', import.meta.url))
  const script = `const { openCompute } = await import(${JSON.stringify(support)}); await openCompute()`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'inherit' })
  assert.deepEqual(await once(child, 'exit'), [0, null])
})

test('the adapters are listed once each, with their kind', async () => {
  const adapters = await listAdapters({ cacheDirectory })
  assert.ok(adapters.some(({ kind }) => kind === 'software'))
  assert.equal(new Set(adapters.map((adapter) => JSON.stringify(adapter))).size, adapters.length)
})
