import type { PeerId } from '../../ports.ts'
import type { JobEvent, JobState, JobSummary, MicroJobState } from '../ports.ts'

export interface Cell {
  state: MicroJobState
  peer?: PeerId
  tookMs?: number
}

export interface Culprit {
  peer: PeerId
  macro: number
  micro: number
  reason: string
}

/** A Job as its events have told it so far. */
export interface Board {
  job: JobSummary
  state: JobState
  /** A row a MacroJob; the last cell of a row is the validation MicroJob. */
  cells: readonly (readonly Cell[])[]
  peers: readonly PeerId[]
  culprits: readonly Culprit[]
  report?: string
  reason?: string
  /** Why its only peer gave it up; others are waited for. */
  doubt?: string
}

/** The board after one more event. The first must be `job:seen`; what does not fit the Job's shape is dropped. */
export function applyEvent(board: Board | undefined, event: JobEvent): Board | undefined {
  if (event.type === 'job:seen') return createBoard(event.job)
  if (board === undefined) return undefined
  switch (event.type) {
    case 'microjob:changed':
      return setCell(board, event)
    case 'peer:joined': {
      const { doubt: _, ...rest } = board
      return { ...rest, peers: [...new Set([...board.peers, event.peer])] }
    }
    case 'culprit:found': {
      const { type: _, ...culprit } = event
      return { ...board, culprits: [...board.culprits, culprit] }
    }
    case 'job:doubted':
      return { ...board, doubt: event.reason }
    case 'job:finished': {
      const { type: _, ...end } = event
      return { ...board, ...end }
    }
  }
}

function createBoard(job: JobSummary): Board {
  const { macroJobs, microJobs } = job.shape
  const cells = Array.from({ length: macroJobs }, () => Array.from({ length: microJobs + 1 }, (): Cell => ({ state: 'open' })))
  return { job, state: job.state, cells, peers: [], culprits: [] }
}

function setCell(board: Board, { macro, micro, state, peer, tookMs }: JobEvent & { type: 'microjob:changed' }): Board {
  if (board.cells[macro]?.[micro] === undefined) return board
  const cell: Cell = { state, ...(peer === undefined ? {} : { peer }), ...(tookMs === undefined ? {} : { tookMs }) }
  const cells = board.cells.map((row, index) => (index === macro ? row.with(micro, cell) : row))
  // What is agreed in a paid Job, the chain has said.
  const isMoved = board.state === 'unread' ? state === 'agreed' : board.state === 'open' && state !== 'open'
  return { ...board, state: isMoved ? 'running' : board.state, cells }
}

/** How many cells are in each state. */
export function countCells(board: Board): Record<MicroJobState, number> {
  const counts: Record<MicroJobState, number> = { open: 0, locked: 0, done: 0, agreed: 0, refused: 0 }
  for (const { state } of board.cells.flat()) counts[state]++
  return counts
}
