import { formatDuration } from '../../config/units.ts'
import type { PeerId } from '../../ports.ts'
import type { JobEvent, MicroJobState } from '../ports.ts'
import { type Board, countCells } from './board.ts'
import { type Style, safe } from './style.ts'

export interface GridOptions {
  style: Style
  columns: number
  /** Most lines to use; MacroJobs that do not fit are summed up in one. */
  rows: number
  elapsedMs: number
  /** @default shortPeer */
  nameOf?: (peer: PeerId) => string
}

const GLYPHS: Record<MicroJobState, string> = { open: '·', locked: '▒', done: '▓', agreed: '█', refused: '×' }

/** The live picture of a Job: a title, a row a MacroJob, a legend, and who did what. Pure. */
export function renderGrid(board: Board, { style, columns, rows, elapsedMs, nameOf = shortPeer }: GridOptions): string[] {
  const counts = countCells(board)
  const total = board.cells.flat().length
  const finished = counts.done + counts.agreed
  const title = `${style.bold(safe(board.job.name, 40))}  ${stateOf(board, style)}  ${finished}/${total} MicroJobs, ${counts.agreed} agreed  ${formatDuration(elapsedMs)}`
  const tally = renderTally(board, style, nameOf)
  // Title, legend and tally stay; what is left is for the MacroJobs.
  const room = Math.max(1, rows - tally.length - 3)
  const shown = board.cells.length <= room ? board.cells : board.cells.slice(0, room - 1)
  const width = Math.max(8, columns - 8)
  const lines = shown.map((cells, macro) => {
    const glyphs = cells.map(({ state }, micro) => (micro === cells.length - 1 ? ` ${paint(state, style)}` : paint(state, style)))
    const fits = glyphs.length + 1 <= width
    return `${style.dim(String(macro).padStart(4))}  ${fits ? glyphs.join('') : summary(cells, style)}`
  })
  if (shown.length < board.cells.length) {
    const hidden = board.cells.slice(shown.length)
    lines.push(
      style.dim(
        `   …  ${hidden.length} more MacroJobs, ${hidden.filter((cells) => cells.every(({ state }) => state === 'agreed')).length} agreed`,
      ),
    )
  }
  return [title, ...lines, legend(style), ...tally]
}

function stateOf({ state, reason, doubt }: Board, style: Style): string {
  if (state === 'agreed') return style.green('agreed')
  if (state === 'failed' || state === 'cancelled' || state === 'expired')
    return style.red(reason === undefined ? state : `${state}: ${safe(reason)}`)
  if (doubt !== undefined) return style.yellow(doubted(doubt))
  if (state === 'unread') return style.yellow('waiting for the chain')
  return state === 'running' ? style.cyan('running') : style.yellow('waiting for peers')
}

const doubted = (reason: string) => `who joined gave it up (${safe(reason)}); waiting for others, unless you call it off (minga cancel)`

function paint(state: MicroJobState, style: Style): string {
  const glyph = GLYPHS[state]
  if (state === 'agreed') return style.green(glyph)
  if (state === 'refused') return style.red(glyph)
  if (state === 'done') return style.cyan(glyph)
  return state === 'locked' ? style.yellow(glyph) : style.dim(glyph)
}

/** A row that is wider than the terminal, in numbers. */
function summary(cells: Board['cells'][number], style: Style): string {
  const of = (state: MicroJobState) => cells.filter((cell) => cell.state === state).length
  return `${paint('agreed', style)} ${of('agreed')}  ${paint('done', style)} ${of('done')}  ${paint('locked', style)} ${of('locked')}  of ${cells.length}`
}

function legend(style: Style): string {
  const names = Object.keys(GLYPHS) as MicroJobState[]
  return `      ${names.map((state) => `${paint(state, style)} ${style.dim(state)}`).join('  ')}${style.dim('   last: validation')}`
}

/** More peers than this are told in one line: a terminal is no report. */
const MAX_TALLY_PEERS = 8

function renderTally({ cells, peers, culprits }: Board, style: Style, nameOf: (peer: PeerId) => string): string[] {
  const work = new Map<PeerId, number>(peers.map((peer) => [peer, 0]))
  for (const { peer, state } of cells.flat()) {
    if (peer !== undefined && (state === 'done' || state === 'agreed')) work.set(peer, (work.get(peer) ?? 0) + 1)
  }
  const sorted = [...work].sort(([, a], [, b]) => b - a)
  const guilty = new Set(culprits.map(({ peer }) => peer))
  const lines = sorted.slice(0, MAX_TALLY_PEERS).map(([peer, count]) => {
    const name = nameOf(peer)
    return `      ${guilty.has(peer) ? style.red(`${name} culprit`) : name}  ${count} MicroJobs`
  })
  if (sorted.length > MAX_TALLY_PEERS) lines.push(style.dim(`      and ${sorted.length - MAX_TALLY_PEERS} more peers`))
  return lines
}

/** The tail of a peer id: the head is the same for all Ed25519 keys. */
export function shortPeer(peer: PeerId): string {
  const clean = safe(peer, 64)
  return clean.length <= 10 ? clean : `…${clean.slice(-8)}`
}

/** One line for one event, where there is no terminal to draw on. */
export function describeEvent(event: JobEvent, nameOf: (peer: PeerId) => string = shortPeer): string {
  switch (event.type) {
    case 'job:seen': {
      const { shape, name } = event.job
      return `Job ${safe(event.job.jobId, 80)} "${safe(name)}": ${shape.macroJobs} MacroJobs of ${shape.microJobs}+1 MicroJobs of ${shape.blocks} blocks`
    }
    case 'microjob:changed': {
      const who = event.peer === undefined ? '' : ` by ${nameOf(event.peer)}`
      const took = event.tookMs === undefined ? '' : ` in ${formatDuration(event.tookMs)}`
      return `MicroJob ${event.macro}/${event.micro} ${event.state}${who}${took}`
    }
    case 'peer:joined':
      return `${nameOf === shortPeer ? `peer ${shortPeer(event.peer)}` : nameOf(event.peer)} joined`
    case 'culprit:found':
      return `culprit ${nameOf(event.peer)} at MicroJob ${event.macro}/${event.micro}: ${safe(event.reason)}`
    case 'job:doubted':
      return `Job: ${doubted(event.reason)}`
    case 'job:finished':
      return `Job ${event.state}${event.reason === undefined ? '' : `: ${safe(event.reason)}`}${event.report === undefined ? '' : `, report ${safe(event.report, 80)}`}`
  }
}
