import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { InterruptedError } from '../../src/cli/errors.ts'
import type { JobEvent, JobSummary } from '../../src/cli/ports.ts'
import { applyEvent, type Board, countCells } from '../../src/cli/render/board.ts'
import { describeEvent, renderGrid } from '../../src/cli/render/grid.ts'
import { createLiveView } from '../../src/cli/render/live.ts'
import { problemToJson, renderProblem, toProblem } from '../../src/cli/render/problem.ts'
import { createStyle, safe, visible, widthOf } from '../../src/cli/render/style.ts'
import { renderTable } from '../../src/cli/render/table.ts'
import { ShaderCompileError } from '../../src/compute/errors.ts'

const plain = createStyle(false)
const job: JobSummary = {
  jobId: 'j1',
  name: 'Earth',
  state: 'open',
  shape: { macroJobs: 3, microJobs: 4, blocks: 16 },
  total: 15,
  done: 0,
  agreed: 0,
  peers: 0,
}
const PEER_A = '12D3KooWAAAAAAAA'
const PEER_B = '12D3KooWBBBBBBBB'

const boardAfter = (...events: JobEvent[]): Board =>
  [{ type: 'job:seen', job } as const, ...events].reduce<Board | undefined>(applyEvent, undefined)!

describe('the live grid', () => {
  const board = boardAfter(
    { type: 'peer:joined', peer: PEER_A },
    { type: 'microjob:changed', macro: 0, micro: 0, state: 'locked', peer: PEER_A },
    { type: 'microjob:changed', macro: 0, micro: 0, state: 'done', peer: PEER_A, tookMs: 50 },
    { type: 'microjob:changed', macro: 0, micro: 1, state: 'agreed', peer: PEER_B },
    { type: 'microjob:changed', macro: 1, micro: 4, state: 'locked', peer: PEER_B },
    { type: 'microjob:changed', macro: 2, micro: 3, state: 'refused', peer: PEER_B },
    { type: 'culprit:found', peer: PEER_B, macro: 2, micro: 3, reason: 'hash' },
  )

  it('shows a row a MacroJob, the validation MicroJob apart, and who did what', () => {
    const lines = renderGrid(board, { style: plain, columns: 80, rows: 24, elapsedMs: 1500 })
    assert.deepEqual(lines, [
      'Earth  running  2/15 MicroJobs, 1 agreed  1.5 s',
      '   0  ▓█·· ·',
      '   1  ···· ▒',
      '   2  ···× ·',
      '      · open  ▒ locked  ▓ done  █ agreed  × refused   last: validation',
      '      …AAAAAAAA  1 MicroJobs',
      '      …BBBBBBBB culprit  1 MicroJobs',
    ])
  })

  it('fits any terminal: many MacroJobs are summed up, wide ones counted', () => {
    const huge = applyEvent(undefined, { type: 'job:seen', job: { ...job, shape: { macroJobs: 500, microJobs: 300, blocks: 1 } } })!
    const lines = renderGrid(huge, { style: plain, columns: 60, rows: 20, elapsedMs: 0 })
    assert.ok(lines.length <= 20)
    assert.match(lines.at(-2)!, /484 more MacroJobs, 0 agreed|more MacroJobs/)
    assert.match(lines[1]!, /of 301$/)
  })

  it('ends with the state and the reason', () => {
    const failed = applyEvent(board, { type: 'job:finished', state: 'failed', reason: 'no peers' })!
    assert.match(renderGrid(failed, { style: plain, columns: 80, rows: 24, elapsedMs: 0 })[0]!, /failed: no peers/)
  })

  it('drops what does not fit the shape, and never changes an older board', () => {
    const before = structuredClone(board)
    const after = applyEvent(board, { type: 'microjob:changed', macro: 99, micro: 0, state: 'done' })
    assert.equal(after, board)
    applyEvent(board, { type: 'microjob:changed', macro: 0, micro: 3, state: 'done' })
    assert.deepEqual(board, before)
  })

  it('counts every cell once, whatever happens', () => {
    const state = fc.constantFrom('open', 'locked', 'done', 'agreed', 'refused')
    const change = fc.record({ type: fc.constant('microjob:changed'), macro: fc.nat(4), micro: fc.nat(5), state })
    fc.assert(
      fc.property(fc.array(change as fc.Arbitrary<JobEvent>), (events) => {
        const counts = countCells(boardAfter(...events))
        assert.equal(
          Object.values(counts).reduce((sum, count) => sum + count),
          15,
        )
      }),
    )
  })

  it('tells each event in one line', () => {
    assert.equal(
      describeEvent({ type: 'microjob:changed', macro: 0, micro: 1, state: 'done', peer: PEER_A, tookMs: 50 }),
      'MicroJob 0/1 done by …AAAAAAAA in 50 ms',
    )
    assert.equal(describeEvent({ type: 'peer:joined', peer: PEER_A }), 'peer …AAAAAAAA joined')
    assert.equal(describeEvent({ type: 'job:finished', state: 'failed', reason: 'x\u001b[2Jy\n' }), 'Job failed: x�[2Jy�')
  })
})

describe('text of strangers', () => {
  it('cannot move the cursor, turn the text around or fill the screen', () => {
    assert.equal(visible('a\u001b[31mb\u001b]0;title\u0007c\r\n\u202ed'), 'ab�]0;title�c���d')
    assert.equal(safe('x'.repeat(100)).length, 60)
  })
})

describe('tables', () => {
  it('align by what is seen, not by marks', () => {
    const red = createStyle(true).red
    const table = renderTable(
      [{ title: 'A' }, { title: 'N', align: 'right' }],
      [
        [red('ab'), '1'],
        ['c', '100'],
      ],
      plain,
    )
    assert.deepEqual(table.split('\n').map(visible), ['A     N', 'ab    1', 'c   100'])
    assert.equal(widthOf(red('ab')), 2)
  })
})

describe('the live view', () => {
  const screen = (isTTY: boolean) => {
    const written: string[] = []
    return { written, view: createLiveView({ write: (text: string) => written.push(text), isTTY, columns: 40, rows: 10 }) }
  }

  it('draws over itself, keeps other lines above, gives the cursor back', () => {
    const { written, view } = screen(true)
    view.draw(['one', 'two'])
    view.draw(['three'])
    view.print('log line\n')
    view.end()
    view.end()
    assert.deepEqual(written, [
      '\u001b[?25lone\ntwo\n',
      '\u001b[2A\r\u001b[0Jthree\n',
      '\u001b[1A\r\u001b[0Jlog line\nthree\n',
      '\u001b[?25h',
    ])
  })

  it('draws nothing into a pipe', () => {
    const { written, view } = screen(false)
    view.draw(['one'])
    view.print('log line\n')
    view.end()
    assert.deepEqual(written, ['log line\n'])
  })
})

describe('errors', () => {
  it('say what was expected and found, the compiler’s words, and what to do', () => {
    const error = new ShaderCompileError([{ severity: 'error', message: 'unresolved value x', line: 12, column: 5 }])
    assert.equal(
      renderProblem(toProblem(error), plain),
      'minga: expected WGSL that compiles, found at 12:5: unresolved value x\n' +
        '  12:5 error: unresolved value x\n' +
        '  → correct the WGSL source; docs/COMPUTE.md describes the calling convention\n',
    )
    assert.equal(JSON.parse(problemToJson(toProblem(error))).error.diagnostics[0].line, 12)
  })

  it('tell a compiler’s longer words once, line by line', () => {
    const error = new ShaderCompileError([{ severity: 'error', message: 'no such value\n  in f\u001b', line: 0, column: 0 }])
    const [first, ...rest] = renderProblem(toProblem(error), plain).split('\n')
    assert.equal(first, 'minga: expected WGSL that compiles, found: no such value')
    assert.deepEqual(rest.slice(0, 2), ['  error: no such value', '      in f�'])
  })

  it('of ours without a hint have none; of nobody’s have a stack and exit code 1', () => {
    assert.equal(renderProblem(toProblem(new InterruptedError('SIGINT')), plain), 'minga: interrupted by SIGINT\n')
    const problem = toProblem(new TypeError('x is not a function'))
    assert.equal(problem.exitCode, 1)
    assert.match(renderProblem(problem, plain), /found TypeError: x is not a function\n {2}→ this is a mistake in Minga itself.*\n {4}at /)
    assert.equal(toProblem('text').message, 'expected no such error, found Error: text')
  })
})
