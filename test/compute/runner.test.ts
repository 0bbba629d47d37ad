import assert from 'node:assert/strict'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { systemClock } from '../../src/clock.ts'
import type { FromChild, ToChild } from '../../src/compute/messages.ts'
import type { OpenChild } from '../../src/compute/open-child.ts'
import { INLINE_BYTES } from '../../src/compute/payload.ts'
import { createRunner } from '../../src/compute/runner.ts'
import { silentLogger } from '../../src/log.ts'
import { program } from './support.ts'

const init = {
  compileTimeoutMs: 60_000,
  graceMs: 1000,
  maxBufferBytes: 2 ** 30,
  recycleAfterBlocks: 1000,
  recycleAfterCpuSeconds: 1000,
  maxPipelines: 8,
}

/** A child that answers as it is told to: a real one cannot be made to die between two steps of its parent. */
function scripted(
  exchangeDirectory: string,
  onBlock: (id: number, answer: (message: FromChild) => void, die: () => void) => void,
): OpenChild {
  const { promise: ended, resolve } = Promise.withResolvers<string>()
  const listeners: ((message: FromChild) => void)[] = []
  const answer = (message: FromChild) => queueMicrotask(() => listeners.forEach((listener) => void listener(message)))
  const die = () => resolve('signal SIGKILL')
  return {
    pid: 1,
    exchangeDirectory,
    ready: {} as OpenChild['ready'],
    ended,
    send(message: ToChild) {
      if (message.kind === 'prepare') answer({ kind: 'prepared', id: message.id, diagnostics: [] })
      if (message.kind === 'block') onBlock(message.id, answer, die)
    },
    onMessage: (listener) => void listeners.push(listener),
    kill: die,
    hold: () => {},
  }
}

for (const [moment, ticks] of Object.entries({ 'before a second input is written': 0, 'while a second input is being written': 20 })) {
  test(`a child that dies ${moment} fails neither of the two`, async () => {
    const source = { key: 'one', code: '', authorLines: 1 }
    const children = [
      // Its folder is gone as it is once a dead child was disposed of.
      scripted(join(tmpdir(), 'minga-no-such-folder'), async (_, __, die) => {
        for (let tick = 0; tick < ticks; tick++) await undefined
        die()
      }),
      scripted(await mkdtemp(join(tmpdir(), 'minga-runner-')), (id, answer) =>
        answer({ kind: 'done', id, output: { inline: new Uint8Array(256) }, hash: new Uint8Array(32), deviceMs: 1, cpuSeconds: 0 }),
      ),
    ]
    const runner = createRunner({ logger: silentLogger, clock: systemClock, open: async () => children.shift()! }, init)
    const workOf = (inputBytes: number) => ({
      program: program(''),
      block: { params: new Uint32Array(16), input: new Uint8Array(inputBytes) },
      budgetMs: 60_000,
    })
    const runs = [0, INLINE_BYTES + 4].map((bytes) => runner.runBlock({}, source, workOf(bytes)))
    assert.deepEqual(
      (await Promise.all(runs)).map(({ output }) => output.length),
      [256, 256],
    )
    assert.equal(children.length, 0)
    await runner.stop()
  })
}
