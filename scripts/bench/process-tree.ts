import { readdir, readFile } from 'node:fs/promises'

/** Linux counts in hundredths of a second, on every machine that Node runs on. */
const MS_PER_TICK = 10

interface Process {
  pid: number
  parent: number
  cpuMs: number
}

/** CPU time so far of the processes and of all that they started and that still run, in ms; undefined where the system does not tell (only Linux does). */
export async function cpuOfTrees(roots: readonly number[]): Promise<number | undefined> {
  if (process.platform !== 'linux') return undefined
  const all = await listProcesses()
  const isBelow = new Set(roots)
  // A child may have a lower number than its parent once numbers have wrapped around: look until nothing is added.
  for (let before = -1; before !== isBelow.size; ) {
    before = isBelow.size
    for (const { pid, parent } of all) if (isBelow.has(parent)) isBelow.add(pid)
  }
  return all.filter(({ pid }) => isBelow.has(pid)).reduce((sum, { cpuMs }) => sum + cpuMs, 0)
}

async function listProcesses(): Promise<Process[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)
  const found = await Promise.all(pids.map(readProcess))
  return found.filter((each) => each !== undefined)
}

async function readProcess(pid: number): Promise<Process | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  // The name, in parentheses, may hold anything; the rest is state, parent, …, user time, system time.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
  if (fields === undefined) return undefined
  return { pid, parent: Number(fields[1]), cpuMs: (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK }
}
