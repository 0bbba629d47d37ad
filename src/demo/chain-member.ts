import { startDevnet } from '../chain/devnet/devnet.ts'
import { MingaError } from '../errors.ts'
import { silentLogger } from '../log.ts'
import type { FromChainMember, ToChainMember } from './chain-process.ts'

/*
 * The development chain of the demo, in a process of its own: however the demo ends, also by SIGKILL, the channel between the two closes, and the chain
 * ends with it.
 */

const abort = new AbortController()

const tell = (message: FromChainMember) => void (process.connected && process.send?.(message))

process.once('message', ({ directory, fund }: ToChainMember) => {
  start(directory, fund).catch((error: unknown) => {
    const { hint } = error instanceof MingaError ? error : {}
    tell({ type: 'failed', message: error instanceof Error ? error.message : String(error), hint })
    process.disconnect?.()
  })
})
process.on('disconnect', () => abort.abort())
// It is asked to end through its channel; a terminal's Ctrl-C is the demo's.
process.on('SIGINT', () => {})

async function start(directory: string, fund: readonly string[]): Promise<void> {
  const devnet = await startDevnet({ logger: silentLogger }, { directory, port: 0, fund, signal: abort.signal })
  const asked = new Promise<void>((resolve) => abort.signal.addEventListener('abort', () => resolve(), { once: true }))
  try {
    if (abort.signal.aborted) return
    const { chainFile, chain } = devnet
    tell({ type: 'ready', chainFile, chain })
    await Promise.race([asked, devnet.died])
  } finally {
    await devnet.stop()
  }
}
