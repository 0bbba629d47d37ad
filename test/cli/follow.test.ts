import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Context } from '../../src/cli/context.ts'
import { InterruptedError, JobEndedError } from '../../src/cli/errors.ts'
import { follow } from '../../src/cli/follow.ts'
import { createOutput } from '../../src/cli/output.ts'
import type { JobEvent, JobSummary } from '../../src/cli/ports.ts'
import { applyEvent, type Board } from '../../src/cli/render/board.ts'
import { renderGrid } from '../../src/cli/render/grid.ts'
import { createLiveView } from '../../src/cli/render/live.ts'
import { createStyle } from '../../src/cli/render/style.ts'

const job: JobSummary = {
  jobId: 'j1',
  name: 'Earth',
  state: 'open',
  shape: { macroJobs: 1, microJobs: 1, blocks: 1 },
  total: 2,
  done: 0,
  agreed: 0,
  peers: 0,
}
const done: JobEvent[] = [
  { type: 'job:seen', job },
  { type: 'microjob:changed', macro: 0, micro: 0, state: 'agreed', peer: '12D3KooWAAAAAAAA' },
  { type: 'job:finished', state: 'agreed', report: 'bafy' },
]

async function* stream(events: readonly JobEvent[]): AsyncGenerator<JobEvent> {
  yield* events
}

/** What `follow` writes, with or without terminals. */
async function run(events: AsyncIterable<JobEvent>, { isTTY = false, isJson = false, signal = new AbortController().signal } = {}) {
  const out: string[] = []
  const err: string[] = []
  const stdout = { write: (text: string) => out.push(text), isTTY }
  const live = createLiveView({ write: (text: string) => err.push(text), isTTY })
  const context = { output: createOutput({ isJson, color: false, stdout }), live, style: createStyle(false), signal } as Context
  const result = await follow(context, 'j1', events).catch((error: unknown) => error)
  return { result, stdout: out.join(''), stderr: err.join('') }
}

describe('following a Job', () => {
  it('into a pipe is a line an event, and nothing on stderr', async () => {
    const { result, stdout, stderr } = await run(stream(done))
    assert.equal(result, 0)
    assert.equal(stderr, '')
    assert.deepEqual(stdout.trim().split('\n'), [
      'Job j1 "Earth": 1 MacroJobs of 1+1 MicroJobs of 1 blocks',
      'MicroJob 0/0 agreed by …AAAAAAAA',
      'Job agreed, report bafy',
    ])
  })

  it('says where the chain of a paid Job is silent, and shows the Job as waiting for it until something is agreed', async () => {
    const unread: JobEvent[] = [{ type: 'job:seen', job: { ...job, state: 'unread' } }, ...done.slice(1)]
    const { result, stderr } = await run(stream(unread))
    assert.deepEqual(
      [result, stderr],
      [0, 'warning: the chain, which alone knows where this paid Job stands, has not answered yet: it is asked again\n'],
    )
    const [seen, agreed] = unread as [JobEvent, JobEvent]
    const title = (board: Board | undefined) => renderGrid(board!, { style: createStyle(false), columns: 80, rows: 24, elapsedMs: 0 })[0]
    const board = applyEvent(undefined, seen)
    assert.match(title(board) ?? '', /waiting for the chain/)
    assert.match(title(applyEvent(board, { ...agreed, state: 'done' } as JobEvent)) ?? '', /waiting for the chain/)
    assert.match(title(applyEvent(board, agreed)) ?? '', /running/)
  })

  it('with --json is an object a line', async () => {
    const { stdout } = await run(stream(done), { isJson: true })
    assert.deepEqual(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
      done,
    )
  })

  it('on a terminal is a grid on stderr, and nothing on stdout', async () => {
    const { stdout, stderr } = await run(stream(done), { isTTY: true })
    assert.equal(stdout, '')
    assert.match(stderr, /Earth {2}agreed {2}1\/2 MicroJobs/)
  })

  it('ends in JobEndedError where the Job failed, was cancelled, or its events stop', async () => {
    for (const events of [
      [done[0]!, { type: 'job:finished', state: 'failed', reason: 'shader' } as const],
      [done[0]!, { type: 'job:finished', state: 'cancelled' } as const],
      done.slice(0, 2),
    ]) {
      const { result } = await run(stream(events))
      assert.ok(result instanceof JobEndedError && result.exitCode === 1)
    }
  })

  it('ends in InterruptedError where somebody pressed Ctrl-C', async () => {
    const { result } = await run(stream(done.slice(0, 1)), { signal: AbortSignal.abort(new InterruptedError('SIGINT')) })
    assert.ok(result instanceof InterruptedError && result.exitCode === 130)
  })
})
