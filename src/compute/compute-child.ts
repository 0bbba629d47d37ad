import { type ChildProcess, spawn } from 'node:child_process'
import type { Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import type { ChildInit, FromChild, ToChild } from './messages.ts'

/** The child's heap holds messages and little else; its buffers live outside it. */
const MAX_HEAP_MIB = 256

/** What a crash leaves on stderr: enough for the driver's last words. */
const MAX_STDERR_CHARS = 4000

export interface ChildCommand {
  /** What to run the child under (see `confinement`). */
  wrapper: readonly string[]
  environment: Readonly<Record<string, string>>
  init: ChildInit | { list: true }
}

/** A running child process. It may end at any time. */
export interface ComputeChild {
  readonly pid: number
  send(message: ToChild): void
  onMessage(listener: (message: FromChild) => void): void
  /** Resolves when the process is gone, with how it ended. */
  readonly ended: Promise<string>
  /** Kills it at once: nothing in it is worth an orderly end, and Dawn's own may block for ever. */
  kill(): void
  /** Whether it keeps this process running. */
  hold(busy: boolean): void
}

export function startChild({ wrapper, environment, init }: ChildCommand): ComputeChild {
  const entry = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? './child.ts' : './child.js', import.meta.url))
  const command = [...wrapper, process.execPath, `--max-old-space-size=${MAX_HEAP_MIB}`, entry, JSON.stringify(init)]
  const child = spawn(command[0]!, command.slice(1), {
    env: { ...environment },
    // stdin, stdout, stderr, IPC, and the lifeline: the child kills itself when that closes
    stdio: ['ignore', 'ignore', 'pipe', 'ipc', 'pipe'],
    serialization: 'advanced',
    windowsHide: true,
  })
  const lifeline = child.stdio[4] as Socket
  lifeline.on('error', () => {})
  const hold = (busy: boolean) => {
    for (const handle of [child, child.channel, child.stderr as Socket, lifeline]) busy ? handle?.ref() : handle?.unref()
  }
  return {
    pid: child.pid ?? 0,
    send(message) {
      // a child that is gone is noticed by `ended`, with its reason
      if (child.connected) child.send(message, () => {})
    },
    onMessage: (listener) => child.on('message', listener),
    ended: ending(child),
    kill: () => child.kill('SIGKILL'),
    hold,
  }
}

function ending(child: ChildProcess): Promise<string> {
  let stderr = ''
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-MAX_STDERR_CHARS)
  })
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message))
    // 'close' comes after the last of stderr
    child.once('close', (code, signal) => {
      const how = signal === null ? `exit code ${code}` : `signal ${signal}`
      resolve(stderr.trim() === '' ? how : `${how}: ${stderr.trim().split('\n').at(-1)}`)
    })
  })
}
