import { EXIT, type ExitCode } from '../errors.ts'
import type { PeerId } from '../ports.ts'
import type { Context } from './context.ts'
import { InterruptedError, JobEndedError } from './errors.ts'
import type { JobEvent } from './ports.ts'
import { applyEvent, type Board } from './render/board.ts'
import { describeEvent, renderGrid } from './render/grid.ts'

/** Often enough for the eye; each event by itself would flood a slow terminal. */
const REDRAW_MS = 100

export interface FollowOptions {
  /** What to call a peer, where its id would say less. */
  nameOf?: (peer: PeerId) => string
}

const UNREAD = 'the chain, which alone knows where this paid Job stands, has not answered yet: it is asked again'

/**
 * Shows a Job until it ends: a live grid on a terminal, else a line an event (with --json an object a line).
 * Throws JobEndedError where it does not end agreed.
 */
export async function follow(
  { output, live, style, signal }: Context,
  jobId: string,
  events: AsyncIterable<JobEvent>,
  { nameOf }: FollowOptions = {},
): Promise<ExitCode> {
  const started = performance.now()
  let board: Board | undefined
  const draw = () => {
    if (board === undefined) return
    live.draw(
      renderGrid(board, {
        style,
        columns: live.columns,
        rows: live.rows,
        elapsedMs: performance.now() - started,
        ...(nameOf && { nameOf }),
      }),
    )
  }
  // The time goes on while nothing happens.
  const timer = live.isLive ? setInterval(draw, REDRAW_MS) : undefined
  // Lines under a grid would only repeat it; into a pipe they are the result.
  const saysLines = !live.isLive || !output.isTerminal
  try {
    for await (const event of events) {
      board = applyEvent(board, event)
      if (event.type === 'job:seen' && event.job.state === 'unread') live.print(`${style.yellow('warning:')} ${UNREAD}\n`)
      output.item(event, () => (saysLines ? describeEvent(event, nameOf) : undefined))
      if (event.type === 'job:finished') {
        draw()
        if (event.state !== 'agreed') throw new JobEndedError(jobId, event.state, event.reason)
        return EXIT.ok
      }
    }
    signal.throwIfAborted()
    throw new JobEndedError(jobId, 'failed', 'the events ended before the Job did')
  } catch (error) {
    if (!(error instanceof InterruptedError)) throw error
    throw new InterruptedError(
      error.signal,
      `the Job goes on without you: \`minga watch ${jobId}\` shows it again, \`minga cancel\` ends it`,
    )
  } finally {
    clearInterval(timer)
  }
}
