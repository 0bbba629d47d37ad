import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const execute = promisify(execFile)

export interface ResourceLimits {
  /** Private writable memory of the process. */
  dataBytes: number
  /** CPU time of all its threads: the last resort should everything else fail. */
  cpuSeconds: number
}

/**
 * The words to put before the child's command line: what this system has of `prlimit` (memory, CPU time, no core dump, which could
 * hold a peer's data) and `unshare` (a network namespace with nothing in it). Empty where it has neither.
 */
export async function confinement({ dataBytes, cpuSeconds }: ResourceLimits, isolateNetwork: boolean): Promise<string[]> {
  if (process.platform !== 'linux') return []
  // by absolute path: anything may stand in the user's PATH
  const wrappers = [
    ['/usr/bin/prlimit', `--data=${dataBytes}`, `--cpu=${cpuSeconds}`, '--core=0', '--'],
    ...(isolateNetwork ? [['/usr/bin/unshare', '--user', '--map-current-user', '--net', '--']] : []),
  ]
  const works = await Promise.all(wrappers.map(canRun))
  return wrappers.filter((_, index) => works[index]).flat()
}

/** Whether the wrapper runs a command here: a container or a hardened kernel may forbid user namespaces. */
async function canRun([command, ...args]: string[]): Promise<boolean> {
  try {
    await execute(command!, [...args, '/bin/true'], { timeout: 2000, env: {} })
    return true
  } catch {
    return false
  }
}
