import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { cleanEnv } from '../../cli/run.ts'

/** A line that a process of ours logged, or an event that it printed. */
export type Line = Readonly<Record<string, unknown>>

export interface Ending {
  code: number | null
  signal: NodeJS.Signals | null
}

/** A Node process that prints JSON lines on stdout and logs JSON lines on stderr. */
export interface RealProcess {
  readonly pid: number
  /** Everything that it has logged so far, and printed. */
  readonly log: readonly Line[]
  readonly printed: readonly Line[]
  /** What it wrote on stderr that is no JSON. */
  readonly noise: readonly string[]
  readonly ended: Promise<Ending>
  isRunning(): boolean
  /** Resolves with the first line, logged or printed, past or to come, that `matches`; rejects when the process ends before. */
  line(matches: (line: Line) => boolean, options?: { onlyNew?: boolean }): Promise<Line>
  /** Calls for each line to come. */
  onLine(listener: (line: Line) => void): () => void
  signal(name: NodeJS.Signals): void
  /** Ends it as a power cut would. */
  kill(): Promise<Ending>
}

export interface SpawnOptions {
  env?: Readonly<Record<string, string>>
  /** Runs it inside another command, such as `unshare`. */
  within?: readonly string[]
}

/** Starts `node entry …args`. Whoever calls ends it: `kill` at the latest. */
export function startProcess(entry: string, args: readonly string[], { env = {}, within = [] }: SpawnOptions = {}): RealProcess {
  const [command, ...rest] = [...within, process.execPath, entry, ...args] as [string, ...string[]]
  const child = spawn(command, rest, { env: { ...cleanEnv, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  const log: Line[] = []
  const printed: Line[] = []
  const noise: string[] = []
  const listeners = new Set<(line: Line) => void>()
  const heard = (into: Line[]) => (text: string) => {
    const line = parse(text)
    if (line === undefined) return void noise.push(text)
    into.push(line)
    for (const listener of [...listeners]) listener(line)
  }
  createInterface({ input: child.stdout }).on('line', heard(printed))
  createInterface({ input: child.stderr }).on('line', heard(log))
  const ended = endOf(child)
  const onLine = (listener: (line: Line) => void) => {
    listeners.add(listener)
    return () => void listeners.delete(listener)
  }
  return {
    pid: child.pid as number,
    log,
    printed,
    noise,
    ended,
    onLine,
    isRunning: () => child.exitCode === null && child.signalCode === null,
    line: (matches, { onlyNew = false } = {}) =>
      new Promise((resolve, reject) => {
        const known = onlyNew ? undefined : [...printed, ...log].find(matches)
        if (known !== undefined) return resolve(known)
        const stop = onLine((line) => {
          if (!matches(line)) return
          stop()
          resolve(line)
        })
        ended.then(({ code, signal }) => reject(new Error(`it ended (${signal ?? code}) before the line:\n${lastWords(log, noise)}`)))
      }),
    signal: (name) => void child.kill(name),
    async kill() {
      child.kill('SIGCONT')
      child.kill('SIGKILL')
      return ended
    },
  }
}

function endOf(child: ChildProcess): Promise<Ending> {
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal }))
  })
}

function lastWords(log: readonly Line[], noise: readonly string[]): string {
  return [...log.slice(-8).map((line) => JSON.stringify(line)), ...noise.slice(-8)].join('\n')
}

function parse(text: string): Line | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Line) : undefined
  } catch {
    return undefined
  }
}
