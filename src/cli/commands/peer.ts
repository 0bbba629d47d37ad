import { Command } from 'commander'
import { EXIT, type ExitCode } from '../../errors.ts'
import { act, ending, examples } from '../act.ts'
import type { Context } from '../context.ts'
import { loadPeer } from '../core.ts'
import { addSettings } from '../options.ts'
import type { PeerInit } from '../ports.ts'
import { withSmallYoungHeap } from '../young-heap.ts'

export function peerCommand(): Command {
  const command = new Command('peer')
    .description('run a peer: take open Jobs, compute, verify others')
    .action(act((context) => serve(context, 'peer')))
  examples(command, [
    ['minga peer -b /ip4/203.0.113.7/tcp/4617/p2p/12D3…', 'join the network of that bootstrap node'],
    ['minga peer -d ./second --listen /ip4/127.0.0.1/tcp/0', 'a second peer on this machine'],
    ['minga peer --compute-device off', 'serve and route, compute nothing'],
  ])
  return addSettings(addSettings(addSettings(ending(command), 'network'), 'peer'), 'chain')
}

export function bootstrapCommand(): Command {
  const command = new Command('bootstrap')
    .description('run a bootstrap node: the peer that others meet through; computes nothing')
    .action(act((context) => serve(context, 'bootstrap')))
  examples(command, [
    ['minga bootstrap', 'the first node of a new network; prints the addresses to give away'],
    ['minga bootstrap --announce /dns4/boot.example.org/tcp/4617', 'behind a name, or a router'],
    ['minga bootstrap --chain-file devnet.json', 'hold paid Jobs, too: which of their results count stands on the chain'],
  ])
  return addSettings(addSettings(addSettings(ending(command), 'network'), 'peer'), 'chain')
}

async function serve(context: Context, role: PeerInit['role']): Promise<ExitCode> {
  const { config, output, signal } = context
  const logger = await context.logger()
  const peer = await withSmallYoungHeap(async () => (await loadPeer())({ config, logger, role, signal }))
  const addresses = [...peer.addresses()]
  output.item(
    { event: 'ready', role, peer: peer.self, addresses },
    () => `${role} ${peer.self} is ready\n${addresses.map((at) => `  ${at}`).join('\n')}`,
  )

  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
  logger.info('leaving; once more to stop at once', { signal: context.received() })
  const hurry = new AbortController()
  const timer = setTimeout(() => hurry.abort(new Error(`not done after ${config.timeout.leaveMs} ms`)), config.timeout.leaveMs)
  await peer.stop({ signal: hurry.signal })
  clearTimeout(timer)
  output.item({ event: 'stopped', peer: peer.self }, () => undefined)
  // It was asked to stop and did so in good order: a success, also for a service manager.
  return EXIT.ok
}
