import { Command, InvalidArgumentError } from 'commander'
import { EXIT, type ExitCode } from '../../errors.ts'
import { act, ending, examples } from '../act.ts'
import { parseAddress } from '../addresses.ts'
import type { Context } from '../context.ts'
import { loadDevnet } from '../core.ts'

/** Anvil's own, which every tool for Ethereum tries first. */
const DEFAULT_PORT = 8545
const MAX_PORT = 65_535

export function devnetCommand(): Command {
  const command = new Command('devnet')
    .description('run a chain for development on this machine: token, verifiers, escrow, and wallets with money that is worth nothing')
    .option('--port <n>', 'its RPC endpoint’s port on the loopback; 0 takes any free one', port, DEFAULT_PORT)
    .option('--state <file>', 'where its state is kept (default: devnet-state.json in the data directory)')
    .option('--fund <address>', 'a wallet to give money and tokens to; may be repeated', more, [])
    .action(act(devnet))
  examples(command, [
    ['minga devnet', 'prints the file for --chain-file, and serves until Ctrl-C'],
    ['minga devnet --fund 0x12…', 'the same, and that wallet can place Jobs and bond'],
    ['minga devnet --json | jq -r "select(.event == \\"ready\\") | .chainFile"', 'for a script'],
  ])
  return ending(command)
}

interface DevnetOptions {
  port: number
  state?: string
  fund: readonly string[]
}

async function devnet(context: Context, { port, state, fund }: DevnetOptions): Promise<ExitCode> {
  const { config, output, signal } = context
  const logger = await context.logger('warn')
  const start = await loadDevnet()
  const running = await start(
    { logger: logger.child('devnet') },
    { directory: config.dataDir, port, fund, signal, ...(state !== undefined && { statePath: state }) },
  )
  const { chainFile, chain } = running
  const { rpc, chainId, escrow, token, development } = chain
  const wallets = development?.wallets.map(({ address }) => address) ?? []
  output.item(
    { event: 'ready', chainFile, rpc: rpc[0], chainId, escrow, token, wallets: [...wallets, ...fund] },
    () =>
      `chain ${chainId} is ready at ${rpc[0]}\n  escrow  ${escrow}\n  token   ${token}\n\nfor peers and clients: --chain-file ${chainFile}`,
  )
  const interrupted = new Promise<void>((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
  try {
    await Promise.race([interrupted, running.died])
  } finally {
    await running.stop()
  }
  output.item({ event: 'stopped' }, () => undefined)
  return EXIT.ok
}

function port(text: string): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && value <= MAX_PORT) return value
  throw new InvalidArgumentError(`expected a port from 0 to ${MAX_PORT}`)
}

const more = (text: string, before: readonly string[]): string[] => [...before, parseAddress(text)]
