import { Command } from 'commander'
import { EXIT, type ExitCode } from '../../errors.ts'
import { act, examples } from '../act.ts'
import type { Context } from '../context.ts'
import { checkAdapter } from '../doctor/adapter.ts'
import type { Check } from '../doctor/check.ts'
import { checkDisk, checkKeys } from '../doctor/disk.ts'
import { checkNode } from '../doctor/node.ts'
import { checkPorts } from '../doctor/ports.ts'
import { checkSettling } from '../doctor/settling.ts'
import { checkStores } from '../doctor/stores.ts'
import { checkClock, checkMachine, checkOptional } from '../doctor/surroundings.ts'
import { addSettings } from '../options.ts'

export function doctorCommand(): Command {
  const command = new Command('doctor')
    .description('examine this machine: Node, adapter, disk, ports, keys, stores, clock, circuits; and say what to do about each problem')
    .action(act(doctor))
  examples(command, [
    ['minga doctor', 'exit code 0: this machine can take part'],
    ['minga doctor --json | jq -r .checks[].fix', 'for a script'],
  ])
  return addSettings(addSettings(addSettings(command, 'network'), 'peer'), 'chain')
}

async function doctor({ config, output, live, style, logger }: Context): Promise<ExitCode> {
  const checks: Check[] = [checkMachine(), checkNode(), checkOptional()]
  live.draw([style.dim('asking the graphics driver…')])
  const log = await logger('error')
  checks.push(
    ...(await Promise.all([
      checkAdapter(config, log),
      checkDisk(config),
      checkKeys(config),
      checkStores(config),
      checkPorts(config),
      checkClock(),
    ])),
    ...(await checkSettling(config)),
  )
  live.draw([])
  const isBroken = checks.some(({ status }) => status === 'fail')
  output.result({ ok: !isBroken, checks }, () => renderChecks(checks, output.style))
  return isBroken ? EXIT.jobFailed : EXIT.ok
}

function renderChecks(checks: readonly Check[], style: Context['style']): string {
  const marks = { ok: style.green('✔'), warn: style.yellow('!'), fail: style.red('✖') }
  const width = Math.max(...checks.map(({ name }) => name.length))
  const lines = checks.flatMap(({ name, status, found, fix }) => [
    `${marks[status]} ${name.padEnd(width)}  ${found}`,
    ...(fix === undefined ? [] : [`  ${' '.repeat(width)}  ${style.cyan('→')} ${fix}`]),
  ])
  const broken = checks.filter(({ status }) => status === 'fail').length
  const end = broken === 0 ? style.green('this machine can take part') : style.red(`${broken} of ${checks.length} must be mended first`)
  return [...lines, '', end].join('\n')
}
