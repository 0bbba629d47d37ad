import type { Style } from '../cli/render/style.ts'
import { renderTable } from '../cli/render/table.ts'
import { formatBytes, formatDuration } from '../config/units.ts'
import type { Casualty, DemoFacts, PeerFacts } from './facts.ts'
import type { Member } from './member.ts'
import { renderBalances, renderMoney } from './render-money.ts'

export function renderMembers(members: readonly Member[], tookMs: number): string {
  const width = Math.max(...members.map(({ name }) => name.length))
  const lines = members.map(({ name, pid, peer }) => `  ${name.padEnd(width)}  process ${pid}  ${peer}`)
  return [`a bootstrap node and ${members.length - 1} peers are up (${formatDuration(tookMs)}):`, ...lines].join('\n')
}

export function renderCasualty({ name, ownedQueue, afterMicroJobs, itsMicroJobs }: Casualty, style: Style): string {
  const role = ownedQueue ? ', which owned a queue,' : ''
  return style.red(
    `${name}${role} was killed with SIGKILL: ${afterMicroJobs} MicroJobs were computed, ${itsMicroJobs.length} of them by it`,
  )
}

export function renderFinisher({ name }: Pick<Member, 'name'>, style: Style): string {
  return style.red(`${name}, whose turn it was to settle, was killed with SIGKILL`)
}

/** Who did what, what came of it, what it was paid, how long it took, and where to look at it. */
export function renderFacts(facts: DemoFacts, style: Style): string {
  const { culprits, attempts, phasesMs, totalMs, equal, job, sha256, files, money } = facts
  const { macroJobs, microJobs, blocks } = job.shape
  const guilty = Object.entries(Object.groupBy(culprits, ({ name }) => name)).map(
    ([name, offences = []]) => `${name} at MicroJob ${offences.map(({ macro, micro }) => `${macro}/${micro}`).join(', ')}`,
  )
  const phases = Object.entries(phasesMs).map(([name, ms]) => `${name} ${formatDuration(ms)}`)
  const verdict = equal
    ? style.green(`the network's picture equals, byte by byte, the one computed without it`)
    : style.red(`the network's picture differs from the one computed without it`)
  return [
    '',
    money === null ? renderPeers(facts, style) : renderBalances(facts, money, (peer) => fateOf(peer, facts, style), style),
    '',
    `job        ${job.name}, ${job.width} × ${job.height} pixels: ${macroJobs} × (${microJobs}+1) MicroJobs of ${blocks} blocks`,
    `verified   ${independenceOf(facts, style)}`,
    `culprits   ${guilty.length === 0 ? 'none' : style.red(guilty.join('; '))}`,
    `rounds     ${attempts}${attempts > 1 ? ': what was lost was computed again, and drawn anew' : ''}`,
    ...(money === null ? [] : renderMoney(money, style)),
    `times      ${phases.join(' · ')}; ${formatDuration(totalMs)} in all`,
    `pictures   ${files.join('  ')}`,
    '',
    `${verdict} (${formatBytes(job.bytes)}, SHA-256 ${sha256.slice(0, 16)}…)`,
  ].join('\n')
}

function renderPeers(facts: DemoFacts, style: Style): string {
  const columns = [
    { title: 'peer' },
    { title: 'computed', align: 'right' as const },
    { title: 'validated', align: 'right' as const },
    { title: 'wallet' },
    { title: '' },
  ]
  const rows = facts.peers.map((peer) => {
    const { name, processed, validated, wallet = '' } = peer
    return [name, String(processed), String(validated), wallet, fateOf(peer, facts, style)]
  })
  return renderTable(columns, rows, style)
}

/** Where a peer is lost, those that are left may all have computed in one MacroJob; then there is nobody else to judge it. */
function independenceOf({ independent, job: { shape } }: DemoFacts, style: Style): string {
  const { macroJobs } = shape
  if (independent === macroJobs) return 'independently: nobody judged a MacroJob in which it had computed'
  return style.yellow(`${independent} of ${macroJobs} MacroJobs independently, the others by a peer that had computed in them itself`)
}

function fateOf({ peer, culprit }: PeerFacts, { killed, killedFinisher, money }: DemoFacts, style: Style): string {
  if (culprit) return style.red(money === null ? 'culprit' : 'culprit: caught and not paid')
  if (peer === killed?.peer) return style.red(`killed; its ${killed.itsMicroJobs.length} MicroJobs were computed again`)
  return peer === killedFinisher?.peer ? style.red('killed when it was its turn to settle') : ''
}
