import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/*
 * Measured processes: the parent asks, the child answers. A child ends with its parent.
 */

export interface BenchChild {
  readonly pid: number
  /** Rejects with what the child's handler threw, or when the child ends first. */
  ask<T = void>(what: string, argument?: unknown): Promise<T>
  /** CPU time of the child so far, all its threads, in µs. */
  cpuMicros(): Promise<number>
  signal(signal: NodeJS.Signals): void
  /** Asks the child to end, so that a profile is written. Idempotent. */
  stop(): Promise<void>
}

export interface BenchChildInit {
  /** Where the child writes its CPU profile when it stops. */
  profiles?: string | undefined
  args?: readonly string[]
}

interface Question {
  id: number
  what: string
  argument: unknown
}

type Answer = { id: number; value: unknown } | { id: number; error: string }

/** A child that does not stop when asked is ended after this. */
const STOP_MS = 10_000

/** Starts a program of this folder that calls `serveParent`. */
export function startChild(file: string, { profiles, args = [] }: BenchChildInit = {}): BenchChild {
  const execArgv = profiles === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profiles}`, '--cpu-prof-interval=500']
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), args, { execArgv, serialization: 'advanced' })
  const waiting = new Map<number, PromiseWithResolvers<unknown>>()
  let last = 0
  const exited = new Promise<void>((resolve) => {
    child.once('exit', (code, signal) => {
      for (const { reject } of waiting.values()) reject(new Error(`${file} ended with ${signal ?? `exit code ${code}`}`))
      waiting.clear()
      resolve()
    })
  })
  child.on('message', (answer: Answer) => {
    const question = waiting.get(answer.id)
    waiting.delete(answer.id)
    if ('error' in answer) question?.reject(new Error(`${file}: ${answer.error}`))
    else question?.resolve(answer.value)
  })

  const ask = <T>(what: string, argument?: unknown): Promise<T> => {
    const question = Promise.withResolvers<unknown>()
    const id = ++last
    waiting.set(id, question)
    child.send({ id, what, argument } satisfies Question, (error) => error && question.reject(error))
    return question.promise as Promise<T>
  }

  return {
    pid: child.pid!,
    ask,
    cpuMicros: () => ask<number>('cpu'),
    signal: (signal) => void child.kill(signal),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
      await ask('stop').catch(() => {})
      await exited
      clearTimeout(timer)
    },
  }
}

type Handlers = Record<string, (argument: never) => unknown>

/** The child's side: answers with what the handlers return. `stop` is called before the process ends. */
export function serveParent(handlers: Handlers & { stop?: () => unknown }): void {
  const answer = async ({ id, what, argument }: Question) => {
    try {
      if (what === 'cpu') return process.send!({ id, value: cpuMicros() })
      const value = await handlers[what]?.(argument as never)
      process.send!({ id, value }, () => what === 'stop' && process.exit())
    } catch (error) {
      process.send?.({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
    }
  }
  process.on('message', (question: Question) => void answer(question))
  process.on('disconnect', () => process.exit())
}

function cpuMicros(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}

/** Milliseconds of a clock that all processes of a machine share. */
export function sharedNowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}
