import { cpus, loadavg, release, totalmem, type } from 'node:os'

export interface Machine {
  system: string
  cpu: string
  cores: number
  memoryGiB: number
  node: string
  /** Processes that wanted to run in the last minute before the figures: above 0.5 the machine was not ours alone. */
  loadBefore: number
}

export function describeMachine(): Machine {
  const all = cpus()
  return {
    system: `${type()} ${release()}`,
    cpu: all[0]?.model.trim() || 'unknown',
    cores: all.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    loadBefore: Math.round(loadavg()[0]! * 100) / 100,
  }
}

export function showMachine({ system, cpu, cores, memoryGiB, node, loadBefore }: Machine): string {
  return `${cores} cores (${cpu}), ${memoryGiB} GiB, ${system}, Node ${node}, load before ${loadBefore}`
}
