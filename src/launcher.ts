import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { EXIT } from './errors.ts'

/*
 * The only part of Minga, with the two entries and errors.ts, that must parse and run under an old Node (20 is tried in the tests).
 * Everything else is imported after the check, dynamically.
 */

/** The first Node that all dependencies run on and that runs TypeScript sources without a flag. */
const OLDEST_NODE = [22, 18] as const

/** Tells the second process that it was started by the first. A title is harmless where it is inherited, unlike a variable. */
const MARK = '--title=minga'

/** Asks for an orderly end, or only tells something; all are passed on. SIGKILL and SIGSTOP can't be: see `dieWithParent` and below. */
const FORWARDED: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2', 'SIGWINCH', 'SIGCONT']

/** What a Windows console sends to all its processes. */
const CONSOLE_EVENTS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGBREAK', 'SIGHUP']

/** True where this version of Node ("v" or not in front) can run Minga. */
export function isNodeSupported(version: string): boolean {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number)
  return major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])
}

/** The path of the Node that npm installed beside Minga for this platform; undefined where it is missing or too old itself. */
export function findOurNode(from: string, platform: string = process.platform, arch: string = process.arch): string | undefined {
  const name = `node-${platform === 'win32' ? 'win' : platform}-${arch}`
  try {
    const require = createRequire(from)
    const manifest = require.resolve(`${name}/package.json`)
    if (!isNodeSupported((require(manifest) as { version: string }).version)) return undefined
    const path = join(dirname(manifest), 'bin', platform === 'win32' ? 'node.exe' : 'node')
    return existsSync(path) ? path : undefined
  } catch {
    return undefined
  }
}

/**
 * Runs the program in this process, or, where this Node is too old, in a second process under the Node that npm brought. The second
 * one gets the arguments, standard streams and signals of the first, which ends as the second ended: same exit code, same signal.
 */
export async function launch(entryUrl: string, run: () => Promise<void>): Promise<void> {
  const isSecond = process.execArgv.includes(MARK)
  if (isNodeSupported(process.versions.node)) {
    if (isSecond) dieWithParent()
    return run()
  }
  // A second process that is too old as well would start a third, and so on for ever.
  const node = isSecond ? undefined : findOurNode(entryUrl)
  if (node === undefined) {
    process.stderr.write(
      `minga: expected Node ${OLDEST_NODE.join('.')} or newer, found ${process.versions.node}: ` +
        `run \`npm install --include=optional\`, which brings one, or install Node 24\n`,
    )
    process.exitCode = EXIT.usage
    return
  }
  carryOn(node, fileURLToPath(entryUrl), process.argv.slice(2))
}

/**
 * Runs a program under `node` in place of this one: it gets our streams and signals, and we end as it ends.
 *
 * The child runs in a session of its own. In ours, a terminal's Ctrl-C would reach it twice, once from the terminal and once from us,
 * and the second SIGINT means "at once"; yet not passing it on would lose a `kill` of this process alone. Node can't tell the two apart.
 * Windows has no such kill: there the console tells the child, and we only stay alive for its exit code.
 */
export function carryOn(node: string, entry: string, args: readonly string[]): void {
  const windows = process.platform === 'win32'
  const child = startBound(node, entry, args, { execArgv: process.execArgv, stdio: ['inherit', 'inherit', 'inherit'] })
  for (const signal of windows ? CONSOLE_EVENTS : FORWARDED) process.on(signal, () => windows || child.kill(signal))
  if (!windows) process.on('SIGTSTP', () => pauseTogether(child))
  child.on('error', (error) => {
    process.stderr.write(`minga: ${node} does not start (${error.message}): install Node ${OLDEST_NODE.join('.')} or newer\n`)
    process.exit(EXIT.usage)
  })
  child.on('exit', (code, signal) => endAs(code, signal))
}

export interface BoundOptions {
  /** What becomes of its stdin, stdout and stderr. */
  stdio: readonly [StdioOption, StdioOption, StdioOption]
  /** Flags of Node. */
  execArgv?: readonly string[]
  /** @default this process's */
  env?: NodeJS.ProcessEnv
}

type StdioOption = 'inherit' | 'ignore' | 'pipe' | number

/** Starts an entry of ours in a session of its own, where a terminal's Ctrl-C does not reach it. However this process ends, that one ends too. */
export function startBound(
  node: string,
  entry: string,
  args: readonly string[],
  { stdio, execArgv = [], env }: BoundOptions,
): ChildProcess {
  return spawn(node, [...execArgv, MARK, entry, ...args], {
    stdio: [...stdio, 'ipc'],
    detached: process.platform !== 'win32',
    windowsHide: true,
    ...(env && { env }),
  })
}

/** Ctrl-Z stops both, `fg` wakes both: SIGCONT is among the forwarded. */
function pauseTogether(child: ChildProcess): void {
  child.kill('SIGSTOP')
  process.kill(process.pid, 'SIGSTOP')
}

function endAs(code: number | null, signal: NodeJS.Signals | null): void {
  if (signal === null) process.exit(code ?? EXIT.jobFailed)
  process.removeAllListeners(signal)
  process.kill(process.pid, signal)
  // Only reached where the platform does not end a process by this signal; the shells' convention then.
  setTimeout(() => process.exit(128 + constants.signals[signal]), 1_000)
}

/** SIGKILL can't be forwarded, but the channel between the two closes with the parent; the child then ends as abruptly. */
function dieWithParent(): void {
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
  process.channel?.unref()
}
