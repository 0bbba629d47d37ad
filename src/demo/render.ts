import type { Style } from '../cli/render/style.ts'
import { renderTable } from '../cli/render/table.ts'
import { formatBytes, formatDuration } from '../config/units.ts'
import type { Casualty, DemoFacts, PeerFacts } from './facts.ts'
import type { Member } from './member.ts'

export function renderMembers(members: readonly Member[], tookMs: number): string {
  const width = Math.max(...members.map(({ name }) => name.length))
  const lines = members.map(({ name, pid, peer }) => `  ${name.padEnd(width)}  process ${pid}  ${peer}`)
  return [`a bootstrap node and ${members.length - 1} peers are up (${formatDuration(tookMs)}):`, ...lines].join('\n')
}

export function renderCasualty({ name, afterMicroJobs, itsMicroJobs }: Casualty, style: Style): string {
  return style.red(`${name} was killed with SIGKILL: ${afterMicroJobs} MicroJobs were computed, ${itsMicroJobs.length} of them by it`)
}

/** Who did what, what came of it, how long it took, and where to look at it. */
export function renderFacts(facts: DemoFacts, style: Style): string {
  const { peers, culprits, attempts, phasesMs, totalMs, equal, job, sha256, files } = facts
  const { macroJobs, microJobs, blocks } = job.shape
  const columns = [
    { title: 'peer' },
    { title: 'computed', align: 'right' as const },
    { title: 'validated', align: 'right' as const },
    { title: 'wallet' },
    { title: '' },
  ]
  const rows = peers.map((peer) => [
    peer.name,
    String(peer.processed),
    String(peer.validated),
    peer.wallet ?? '',
    fateOf(peer, facts.killed, style),
  ])
  const guilty = culprits.map(({ name, macro, micro }) => `${name} at MicroJob ${macro}/${micro}`)
  const phases = Object.entries(phasesMs).map(([name, ms]) => `${name} ${formatDuration(ms)}`)
  const verdict = equal
    ? style.green(`the network's picture equals, byte by byte, the one computed without it`)
    : style.red(`the network's picture differs from the one computed without it`)
  return [
    '',
    renderTable(columns, rows, style),
    '',
    `job        ${job.name}, ${job.width} × ${job.height} pixels: ${macroJobs} × (${microJobs}+1) MicroJobs of ${blocks} blocks`,
    `verified   ${independenceOf(facts, style)}`,
    `culprits   ${guilty.length === 0 ? 'none' : style.red(guilty.join(', '))}`,
    `rounds     ${attempts}${attempts > 1 ? ': what was lost was computed again, and drawn anew' : ''}`,
    `times      ${phases.join(' · ')}; ${formatDuration(totalMs)} in all`,
    `pictures   ${files.join('  ')}`,
    '',
    `${verdict} (${formatBytes(job.bytes)}, SHA-256 ${sha256.slice(0, 16)}…)`,
  ].join('\n')
}

/** Where a peer is lost, those that are left may all have computed in one MacroJob; then there is nobody else to judge it. */
function independenceOf({ independent, job: { shape } }: DemoFacts, style: Style): string {
  const { macroJobs } = shape
  if (independent === macroJobs) return 'independently: nobody judged a MacroJob in which it had computed'
  return style.yellow(`${independent} of ${macroJobs} MacroJobs independently, the others by a peer that had computed in them itself`)
}

function fateOf({ killed, culprit }: PeerFacts, casualty: Casualty | null, style: Style): string {
  if (culprit) return style.red('culprit')
  return killed && casualty ? style.red(`killed; its ${casualty.itsMicroJobs.length} MicroJobs were computed again`) : ''
}
