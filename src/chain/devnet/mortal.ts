import { type ChildProcessByStdio, spawn } from 'node:child_process'
import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'

/**
 * The shell starts a guard, then becomes the program: same process id, exit code and signals. The guard reads a pipe whose other end this process
 * alone holds. A line means that the program is over; the end of the pipe that this process is, also by SIGKILL, which nobody can pass on. A second
 * is ample for a program that has only temporary files to clear away; nobody gets its process id within it, since ids are given out in turn.
 */
const GUARDED = `(read -r _ || { kill -TERM $$ && sleep 1 && kill -KILL $$; }) <&3 3<&- >/dev/null 2>&1 &
exec "$0" "$@" 3<&-`

export type Mortal = ChildProcessByStdio<null, Readable, Readable>

/**
 * Starts a program, not ours, that ends within a second or two of this process, however that ends. The guard is the shell, as Linux and macOS have it:
 * nothing to install, and a fortieth of the memory of a Node. Windows has none, and there the program outlives a kill.
 */
export function spawnMortal(path: string, args: readonly string[]): Mortal {
  if (process.platform === 'win32') return spawn(path, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const child = spawn('/bin/sh', ['-c', GUARDED, path, ...args], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    // It is asked to end by us, in order, and not by the terminal's Ctrl-C.
    detached: true,
  })
  const lifeline = child.stdio[3] as Socket
  // A guard that was killed: the program lives on unguarded.
  lifeline.on('error', () => {})
  lifeline.resume()
  child.once('exit', () => lifeline.end('over\n'))
  return child as Mortal
}
