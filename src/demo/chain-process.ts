import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ChainFile } from '../chain/chain-file.ts'
import { startBound } from '../launcher.ts'
import type { Abortable } from '../ports.ts'
import { DemoChainError } from './errors.ts'

export interface ToChainMember {
  directory: string
  /** Wallets to give money and tokens to. */
  fund: readonly string[]
}

export type FromChainMember =
  | { type: 'ready'; chainFile: string; chain: ChainFile }
  | { type: 'failed'; message: string; hint: string | undefined }

/** The development chain, in a process of its own. */
export interface ChainProcess {
  /** The path of the file for `--chain-file`, and what it says. */
  readonly chainFile: string
  readonly chain: ChainFile
  readonly pid: number
  /** Resolves with a DemoChainError when it ends by itself. */
  readonly died: Promise<DemoChainError>
  /** Idempotent. */
  stop(): Promise<void>
}

const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
const ENTRY = fileURLToPath(new URL(`chain-member.${ending}`, import.meta.url))

/** Starts a chain with its contracts and rich wallets: a second or two. Throws DemoChainError, or the signal's reason. */
export async function startChainProcess(
  init: ToChainMember & { logDirectory: string; env: NodeJS.ProcessEnv } & Abortable,
): Promise<ChainProcess> {
  const { directory, fund, logDirectory, env, signal } = init
  signal?.throwIfAborted()
  const log = openSync(join(logDirectory, 'chain.log'), 'a')
  const child = startBound(process.execPath, ENTRY, [], { stdio: ['ignore', log, log], execArgv: ['--no-warnings'], env })
  closeSync(log)
  const ended = once(child, 'exit')
  ended.catch(() => {})
  let isStopping = false
  const died = new Promise<DemoChainError>((resolve) => {
    child.once('exit', (code, by) => isStopping || resolve(new DemoChainError(`its end with ${by ?? `exit code ${code}`}`)))
  })
  const stop = async () => {
    isStopping = true
    if (child.connected) child.disconnect()
    await ended
  }
  child.send({ directory, fund } satisfies ToChainMember)
  try {
    const message = await Promise.race([
      once(child, 'message', { ...(signal && { signal }) }).then(([first]) => first as FromChainMember),
      ended.then(
        ([code, by]): FromChainMember => ({ type: 'failed', message: `its end with ${by ?? `exit code ${code}`}`, hint: undefined }),
      ),
    ])
    if (message.type === 'failed') throw new DemoChainError(message.message, message.hint)
    const { chainFile, chain } = message
    return { chainFile, chain, pid: child.pid as number, died, stop }
  } catch (error) {
    await stop()
    signal?.throwIfAborted()
    throw error
  }
}
