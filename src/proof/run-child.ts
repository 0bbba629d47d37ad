import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Abortable } from '../ports.ts'
import { ProverCrashedError, ProverTimeoutError } from './errors.ts'
import type { FromProver, ProveRequest } from './messages.ts'

/** What a crash leaves on stderr: enough for the last words. */
const MAX_STDERR_CHARS = 4000

/** The last word of a prover's process. */
export type Outcome = Exclude<FromProver, { kind: 'ready' | 'step' }>

export interface RunChildOptions extends Abortable {
  /** After so long it is killed, wherever it is. */
  limitMs: number
  onStep(step: Extract<FromProver, { kind: 'step' }>['step']): void
}

/**
 * Runs one proof in a process of its own and resolves with what it ended with, when it has ended. An abort kills it and rejects with the signal's
 * reason. Throws ProverCrashedError, ProverTimeoutError.
 */
export async function runChild(request: ProveRequest, { signal, limitMs, onStep }: RunChildOptions): Promise<Outcome> {
  signal?.throwIfAborted()
  const entry = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? './prover-child.ts' : './prover-child.js', import.meta.url))
  // An empty environment: nothing of ours, a wallet's key least of all, is of use to it.
  const child = fork(entry, [], { env: {}, execArgv: [], stdio: ['ignore', 'ignore', 'pipe', 'ipc'], serialization: 'advanced' })
  const kill = () => child.kill('SIGKILL')
  signal?.addEventListener('abort', kill, { once: true })
  let isLate = false
  const limit = setTimeout(() => {
    isLate = true
    kill()
  }, limitMs)
  let outcome: Outcome | undefined
  child.on('message', (message: FromProver) => {
    if (message.kind === 'ready') child.send(request, () => {})
    else if (message.kind === 'step') onStep(message.step)
    else outcome = message
  })
  let stderr = ''
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-MAX_STDERR_CHARS)
  })
  try {
    const how = await new Promise<string>((resolve) => {
      child.once('error', (error) => resolve(error.message))
      // 'close' comes after the last of stderr
      child.once('close', (code, name) => resolve(name === null ? `exit code ${code}` : `signal ${name}`))
    })
    signal?.throwIfAborted()
    if (outcome === undefined && isLate) throw new ProverTimeoutError(limitMs)
    if (outcome === undefined) throw new ProverCrashedError([how, stderr.trim().split('\n').at(-1)].join(' '))
    return outcome
  } finally {
    clearTimeout(limit)
    signal?.removeEventListener('abort', kill)
  }
}
